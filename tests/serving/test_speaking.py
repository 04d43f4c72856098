"""Answers in pieces, and the stops that end them."""

from hypothesis import given
from hypothesis import strategies as st

from cotam.serving.speaking import Speaker, cut

letters = st.text("abc ", max_size=12)


@given(st.lists(letters, max_size=8), st.lists(letters.filter(bool), max_size=3))
def test_pieces_add_up_to_the_answer_before_its_stop(pieces: list[str], stops: list[str]) -> None:
    said: list[str] = []
    speaker = Speaker(stops, said.append)
    for _ in range(2):  # the second time for an answer that had to be begun again
        speaker.restart()
        for piece in pieces:
            speaker.hear(piece)
    speaker.end()
    assert "".join(said) == cut("".join(pieces), stops)[0]
    assert "" not in said


def test_only_what_may_become_a_stop_is_held_back() -> None:
    said: list[str] = []
    speaker = Speaker(["END"], said.append)
    for piece in ("one E", "N", "d, two", " EN", "D three"):
        speaker.hear(piece)
    assert said == ["one ", "ENd, two", " "]


def test_the_stop_that_is_complete_first_counts() -> None:
    assert cut("abcd", ["bcd", "c"]) == ("ab", True)
    assert cut("abcd", ["x"]) == ("abcd", False)
