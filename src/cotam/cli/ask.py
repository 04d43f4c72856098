"""``cotam ask``."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cotam.cli import options

if TYPE_CHECKING:
    from cotam.mllm import Mllm


class Entering(StrEnum):
    """The modes of `cotam.mllm.Mllm`."""

    auto = "auto"
    pixels = "pixels"
    adapter = "adapter"
    neck = "neck"


Asked = tuple[tuple[str, ...], str]
"""Pictures, and a question about them."""


def ask(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="PICTURE|QUESTION",
            help="Pictures or .cotam streams, then questions; - reads questions from standard input, one a line.",
            show_default=False,
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME|DIR",
            help="A multimodal LLM: hub id or folder; by default the embedded one.",
        ),
    ] = None,
    mode: Annotated[
        Entering,
        typer.Option(
            "--mode", help="How streams enter the model; auto: as the adapter that fits, else as pixels."
        ),
    ] = Entering.auto,
    adapter: Annotated[
        str | None,
        typer.Option(
            "--adapter",
            metavar="NAME|FILE",
            help="Latent adapter or transform-neck for model and codec, or none; by default the adapters that ship.",
        ),
    ] = None,
    codec: Annotated[
        str | None,
        typer.Option("--codec", metavar="FILE", help="A codec that does not ship, for streams of it."),
    ] = None,
    together: Annotated[
        bool, typer.Option("--together", help="Ask about all pictures at once, not about each.")
    ] = False,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=1, metavar="N", help="Longest answer, in tokens.")
    ] = 32,
    batch: Annotated[
        int, typer.Option("--batch", min=1, metavar="N", help="Questions answered at a time.")
    ] = 16,
    device: options.Device = None,
    dtype: Annotated[
        str | None,
        typer.Option("--dtype", metavar="TYPE", help="float32, bfloat16 or float16; by default as fits."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Ask a multimodal LLM about pictures.

    Pictures are files that are there, or names with the suffix of a picture; what follows them are questions. Every
    question is asked about every picture. A stream is decoded to a picture; through an adapter its latents go to the
    model too, or, through a neck, instead.
    """
    pictures, questions = split(words)
    asked = _pairs(pictures, questions, together)
    from cotam import load_mllm
    from cotam.cli.console import print_json, working

    with working("loading"):
        through = options.chosen_adapter(adapter)
        mllm = load_mllm(model, adapter=through, codec=codec, device=device or "cpu", dtype=dtype)
    with working("looking"):
        answers = mllm.answer_batch(asked, mode=mode.value, batch_size=batch, max_new_tokens=max_tokens)
    if as_json:
        print_json(_plain(mllm, asked, answers))
    else:
        _print(asked, answers)


def split(words: list[str]) -> tuple[list[str], list[str]]:
    """Tell pictures from questions.

    Raises:
        ValueError: there is no picture, no question, or a picture is missing.
    """
    from cotam.cli.files import check_file

    pictures: list[str] = []
    while len(pictures) < len(words) and _names_a_picture(words[len(pictures)]):
        pictures.append(words[len(pictures)])
    questions = _questions(words[len(pictures) :])
    if not pictures:
        raise ValueError(f"{words[0]}: no such picture; name pictures first, then questions")
    for picture in pictures:
        check_file(picture)
    if not questions:
        raise ValueError('no question: ask one, as in: cotam ask picture.png "how many stars?"')
    return pictures, questions


def _names_a_picture(word: str) -> bool:
    from PIL import Image

    suffix = Path(word).suffix.lower()
    is_picture = suffix == ".cotam" or suffix in Image.registered_extensions()
    return word != options.STANDARD and (is_picture or _exists(word))


def _exists(word: str) -> bool:
    try:
        return Path(word).exists()
    except (OSError, ValueError):  # a question that is too long for a file's name, or has a NUL in it
        return False


def _questions(words: list[str]) -> list[str]:
    from cotam.cli.files import read_input

    questions: list[str] = []
    for word in words:
        lines = [word] if word != options.STANDARD else read_input(word).decode().splitlines()
        questions += [line.strip() for line in lines if line.strip()]
    return questions


def _pairs(pictures: list[str], questions: list[str], together: bool) -> list[Asked]:
    groups = [tuple(pictures)] if together else [(picture,) for picture in pictures]
    return [(group, question) for group in groups for question in questions]


def _plain(mllm: "Mllm", asked: list[Asked], answers: list[str]) -> dict[str, object]:
    rows = [
        {"pictures": list(pictures), "question": question, "answer": answer}
        for (pictures, question), answer in zip(asked, answers, strict=True)
    ]
    return {"model": mllm.name, "answers": rows}


def _print(asked: list[Asked], answers: list[str]) -> None:
    """One answer is printed as it is; of several, every line says to what."""
    if len(answers) == 1:
        print(answers[0])
        return
    from rich.table import Table

    from cotam.cli.console import escaped, output

    table = Table("picture", "question", "answer", box=None, pad_edge=False)
    for (pictures, question), answer in zip(asked, answers, strict=True):
        table.add_row(escaped(", ".join(pictures)), escaped(question), escaped(answer))
    output().print(table)
