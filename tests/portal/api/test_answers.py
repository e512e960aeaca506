from flask.testing import FlaskClient

from portal.api.answers import OVERHEAD, SHARE, Answer, Answers
from portal.api.backstage.replies import ANSWERS


def answer(size: int) -> Answer:
    return Answer(b"x" * size, (("Link", "<next>"),))


def body(answers: Answers, tag: str) -> object:
    found = answers.get(tag)
    return None if found is None else found.body


def test_an_answer_comes_back_with_its_headers() -> None:
    answers = Answers(most=100_000)
    answers.put("a", answer(10))
    assert answers.get("a") == Answer(b"x" * 10, (("Link", "<next>"),))


def test_what_was_not_asked_for_longest_goes_when_there_is_no_room() -> None:
    size = 1_000
    answers = Answers(most=SHARE * (size + OVERHEAD))
    for number in range(SHARE):
        answers.put(str(number), answer(size))
    assert body(answers, "0") is not None
    answers.put("new", answer(size))
    assert body(answers, "1") is None
    assert all(body(answers, tag) is not None for tag in ("0", "2", str(SHARE - 1), "new"))


def test_putting_an_answer_again_takes_no_more_room() -> None:
    answers = Answers(most=SHARE * (10 + OVERHEAD))
    answers.put("kept", answer(10))
    for _ in range(3 * SHARE):
        answers.put("again", answer(10))
    assert body(answers, "kept") is not None


def test_large_ones_and_those_in_pieces_are_not_kept() -> None:
    answers = Answers(most=100_000)
    answers.put("large", answer(100_000 // SHARE))
    answers.put("pieces", Answer(iter([b"x", b"y"])))
    assert [body(answers, tag) for tag in ("large", "pieces")] == [None] * 2
    nothing = Answers(most=0)
    nothing.put("a", answer(1))
    assert body(nothing, "a") is None


def test_a_repeated_request_is_answered_with_what_was_kept(client: FlaskClient) -> None:
    path = "/api/catalog/entities/by-query?filter=kind%3Dcomponent"
    first = client.get(path)
    answers = client.application.extensions[ANSWERS]
    tag = first.headers["ETag"].strip('"')
    kept = answers.get(tag)
    assert kept is not None
    assert kept.body == first.data
    answers.put(tag, Answer(b"kept"))
    assert client.get(path).data == b"kept"
    answers.put(tag, kept)
    second = client.get(path)
    assert (second.data, second.headers["ETag"]) == (first.data, first.headers["ETag"])
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert client.get(path + "&limit=1").data != first.data
