"""``cotam bench speed``."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cotam.cli.bench_options import JsonFile, PeersPython, numbers, split, write
from cotam.cli.bench_speed_tables import print_speed
from cotam.cli.console import messages, say
from cotam.cli.options import DEFAULT_MODEL, Model

if TYPE_CHECKING:
    from rich.progress import Progress

    from cotam.evaluation.speed.timed_codec import TimedCodec

NONE = "none"


def speed(
    threads: Annotated[str, typer.Option(metavar="N,N", help="Numbers of threads to try.")] = "1,2",
    sizes: Annotated[
        str, typer.Option(metavar="WxH,WxH", help="Sizes of the synthetic pictures.")
    ] = "384x256,768x512,1920x1080,3840x2160",
    batches: Annotated[str, typer.Option(metavar="N,N", help="Sizes of batches to try.")] = "1,4,8",
    repeat: Annotated[
        int, typer.Option(min=1, metavar="N", help="Rounds, fewer for large pictures; medians are reported.")
    ] = 7,
    guidance: Annotated[
        str, typer.Option(help="Guidance to time too, as in encode; levelvqa is the embedded MLLM's tower.")
    ] = "levelvqa",
    codecs: Annotated[
        str, typer.Option(help="Rivals to time beside it; none leaves them out.")
    ] = "jpeg,webp,avif",
    peers_python: PeersPython = None,
    model: Model = DEFAULT_MODEL,
    json_file: JsonFile = None,
) -> None:
    """Time encoding and decoding by stage, beside other codecs in the same rounds.

    Edge runtimes are timed where they are installed. Also how time grows with pixels, pictures a second in batches,
    peak memory, and the floor: the multiply-adds of each stage over what the machine multiplies in matrix products.
    ``--guidance none`` leaves guidance out.
    """
    from cotam.evaluation.speed.cotam_codec import cotam_codecs
    from cotam.evaluation.speed.edge_codec import edge_codecs
    from cotam.evaluation.speed.pillow_codec import pillow_codec
    from cotam.evaluation.speed.report import Plan, measure_speed

    plan = Plan(_sizes(sizes), _counts("--threads", threads), _counts("--batches", batches), repeat)
    others: list[TimedCodec] = [pillow_codec(name) for name in split(codecs) if name != NONE]
    with ExitStack() as stack:
        others += _peers(peers_python, stack)
        wanted = None if guidance == NONE else guidance
        ours = cotam_codecs(model, wanted)
        others = [*edge_codecs(model, wanted), *others]
        with _progress() as progress:
            task = progress.add_task("timing", total=plan.total_rounds)
            report = measure_speed(ours, others, plan, lambda: progress.advance(task))
    print_speed(report)
    write(json_file, "speed", report)


def _peers(python: Path | None, stack: ExitStack) -> "Sequence[TimedCodec]":
    from cotam.evaluation.speed.peers import peer_codecs

    if python is None:
        say("CompressAI's models are not timed: --peers-python names no interpreter that has CompressAI")
        return []
    return stack.enter_context(peer_codecs(python))


def _progress() -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    return Progress(*columns, console=messages())


def _counts(option: str, text: str) -> list[int]:
    found = numbers(text) or []
    if not found or any(number < 1 or number % 1 for number in found):
        raise ValueError(f"{option} must be whole numbers from 1 on, such as 1,2, not {text!r}")
    return [int(number) for number in found]


def _sizes(text: str) -> list[tuple[int, int]]:
    found = []
    for word in split(text):
        width, _, height = word.lower().partition("x")
        if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
            raise ValueError(f"--sizes must be such as 768x512,3840x2160, not {text!r}")
        found.append((int(width), int(height)))
    if not found:
        raise ValueError("--sizes names no size; it must be such as 768x512,3840x2160")
    return sorted(set(found), key=lambda size: size[0] * size[1])
