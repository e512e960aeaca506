def test_send():
    assert True
