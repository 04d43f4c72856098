"""Pillow's formats."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from PIL import AvifImagePlugin

from cotam.evaluation.rivals import Pixels, load_rivals
from cotam.evaluation.rivals.pillow_format import PillowFormat
from cotam.evaluation.speed.timed_codec import WHOLE, Timed, timed

QUALITY = 50.0
FORMATS: Final = ("jpeg", "webp", "avif")
THREADS: Final = "max_threads"
"""The option of formats that take threads when they encode; the others use one."""


@dataclass(frozen=True)
class PillowCodec:
    """One of `FORMATS`, timed."""

    rival: PillowFormat
    """Its options are without `THREADS`, which differs."""
    threaded: bool
    """Whether the format takes `THREADS`."""
    runtime: str = "Pillow"
    compared: bool = False
    most_pixels: int | None = None

    @property
    def name(self) -> str:
        """The format's name."""
        return self.rival.name

    @property
    def settings(self) -> str:
        """Options and quality."""
        return f"{self.rival.settings}, quality {QUALITY:g}"

    def time(self, pixels: Pixels, threads: int) -> Timed:
        """See `TimedCodec.time`."""
        options = {THREADS: threads} if self.threaded else {}
        rival = replace(self.rival, options={**self.rival.options, **options})
        with _decoder_threads(threads):
            coded, encoding = timed(lambda: rival.encoder(pixels)(QUALITY))
            _, decoding = timed(lambda: rival.decode(coded.data))
        return Timed({WHOLE: encoding}, {WHOLE: decoding}, len(coded.data))

    def peak_memory(self, width: int, height: int) -> None:
        """Not known: the process would hold torch, which these formats do not need, and little else."""


def pillow_codec(name: str) -> PillowCodec:
    """One of `FORMATS`.

    Raises:
        ValueError: it is not one of them.
        CotamError: this Pillow was built without it.
    """
    if name not in FORMATS:
        raise ValueError(f"unknown codec {name!r} in --codecs; known: {', '.join(FORMATS)}")
    (rival,) = load_rivals([name])
    assert isinstance(rival, PillowFormat)
    options = {option: value for option, value in rival.options.items() if option != THREADS}
    return PillowCodec(replace(rival, options=options), threaded=THREADS in rival.options)


@contextmanager
def _decoder_threads(threads: int) -> Iterator[None]:
    """The AVIF decoder has no option of its own for them."""
    before = AvifImagePlugin.DEFAULT_MAX_THREADS
    AvifImagePlugin.DEFAULT_MAX_THREADS = threads
    try:
        yield
    finally:
        AvifImagePlugin.DEFAULT_MAX_THREADS = before
