import json
import subprocess
import sys

import pytest

from cotam.checkpoint import known_models
from cotam.checkpoint.adapter_cards import known_adapters

WITHOUT_TORCH = """
import sys
from cotam.cli import main
try:
    main(sys.argv[1:])
except SystemExit as stop:
    assert not stop.code, stop.code
assert "torch" not in sys.modules
"""

COMMANDS = ("encode", "decode", "info", "compare", "models", "demo")


@pytest.mark.parametrize("arguments", [("--help",), ("encode", "--help"), ("models",), ("info", "STREAM")])
def test_help_and_descriptions_do_without_torch(stream, arguments):
    words = [str(stream) if word == "STREAM" else word for word in arguments]
    subprocess.run([sys.executable, "-c", WITHOUT_TORCH, *words], check=True, capture_output=True)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(cotam, command):
    ran = cotam(command, "--help")
    assert ran.code == 0
    assert f"Example: cotam {command}" in ran.out.decode()


def test_the_help_lists_every_command(cotam):
    shown = cotam("--help").out.decode()
    assert all(command in shown for command in (*COMMANDS, "bench", "train"))


def test_no_words_show_the_help(cotam):
    assert cotam().out == cotam("--help").out


@pytest.mark.parametrize("words", [("nothing",), ("encode",), ("encode", "a", "b", "--nothing")])
def test_a_word_too_few_or_too_many_is_bad_use_in_one_line(cotam, words):
    ran = cotam(*words)
    assert ran.code == 2
    assert "--help" in ran.problem


def test_the_version_is_the_package_s(cotam):
    from cotam import __version__

    assert cotam("--version").out.decode().split() == ["cotam", __version__]


def test_the_models_that_ship_are_listed(cotam):
    listed = json.loads(cotam("models", "--json").out)
    codecs = [card["model_id"] for card in listed if card["kind"] == "codec"]
    adapters = [card["name"] for card in listed if card["kind"] in ("adapter", "neck")]
    assert codecs == [card.model_id for card in known_models()]
    assert adapters == [file.card.name for file in known_adapters()]
    shown = cotam("models").out.decode().splitlines()
    rows = [line.split()[:2] for line in shown]
    assert [
        file.card.name for file in known_adapters() if [file.card.name, file.adapter_id] not in rows
    ] == []
    assert max(map(len, shown)) <= 80


def test_a_reader_that_goes_away_is_not_worth_a_word(stream):
    words = [sys.executable, "-m", "cotam.cli", "info", str(stream), "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
