def test_an_order_starts_as_paid():
    assert True
