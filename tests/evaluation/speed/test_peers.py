"""Peers in another interpreter, which here only pretends to have CompressAI."""

from pathlib import Path

import pytest

from cotam.errors import CotamError
from cotam.evaluation.speed.peers import PROGRAM, PROGRAMS, peer_codecs
from cotam.evaluation.synthetic import synthetic_picture

PICTURE = synthetic_picture(32, 16)


def test_a_peer_is_asked_with_picture_and_threads(peers_python: Path):
    with peer_codecs(peers_python) as (peer,):
        one, two = peer.time(PICTURE, 1), peer.time(PICTURE, 2)
    assert (peer.name, peer.settings, peer.compared) == ("elic", "pretended", False)
    assert (one.encode["all"], two.decode["all"], two.bytes) == (4, 2, 12)


def test_the_memory_of_a_peer_is_what_a_fresh_process_says(peers_python: Path):
    with peer_codecs(peers_python) as (peer,):
        assert peer.peak_memory(32, 16) == 10**8


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path):
    with (
        pytest.raises(CotamError, match=r"--peers-python .*none: cannot be run \(No such file"),
        peer_codecs(tmp_path / "none"),
    ):
        pass


def test_an_interpreter_without_compressai_is_one_line(python_without_compressai: Path):
    with (
        pytest.raises(CotamError, match=r"has not compressai; see benchmarks/README.md$"),
        peer_codecs(python_without_compressai),
    ):
        pass


def test_a_program_that_is_no_interpreter_is_refused():
    with pytest.raises(CotamError, match="is no Python interpreter"), peer_codecs(Path("/bin/false")):
        pass


def test_an_answer_that_is_none_is_refused(python_that_babbles: Path):
    with peer_codecs(python_that_babbles) as (peer,), pytest.raises(CotamError, match="gave no answer"):
        peer.time(PICTURE, 1)


def test_a_program_that_stops_is_an_error_at_every_request(python_that_stops: Path):
    with peer_codecs(python_that_stops) as (peer,):
        for _ in range(3):
            with pytest.raises(CotamError, match=r"gave no answer|has stopped"):
                peer.time(PICTURE, 1)


def test_a_source_tree_without_the_programs_is_said(peers_python: Path):
    with (
        pytest.raises(CotamError, match="no such file; peers are run from a source tree"),
        peer_codecs(peers_python, PROGRAMS / "none.py"),
    ):
        pass


def test_the_programs_are_there():
    assert PROGRAM.is_file()
    assert (PROGRAMS / "compressai_exactness.py").is_file()
