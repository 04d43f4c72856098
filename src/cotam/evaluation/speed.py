"""``cotam bench speed``: how long each stage takes, beside Pillow's codecs in the same run."""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from PIL import Image
from torch import nn

from cotam.bitstream import read_stream
from cotam.codec import Codec, load_codec
from cotam.evaluation.rivals import Pixels, load_rivals
from cotam.evaluation.synthetic import synthetic_picture
from cotam.images import load_image

QUALITY = 40.0
RIVAL_QUALITY = 50.0
SIZE = (768, 512)


@dataclass(frozen=True)
class Timing:
    """Median time of one stage."""

    codec: str
    stage: str
    """``encode`` and ``decode`` are whole; the others are parts of them."""
    threads: int
    milliseconds: float


def time_codec(codec: Codec, pictures: Sequence[Pixels], repeat: int) -> Iterator[Timing]:
    """Median times of a codec's stages over pictures and repetitions, weights loaded and warm."""
    rounds: list[dict[str, float]] = []
    for pixels in pictures:
        _stages(codec, pixels)
        rounds += [_stages(codec, pixels) for _ in range(repeat)]
    for stage in rounds[0]:
        yield Timing(codec.name, stage, torch.get_num_threads(), 1e3 * median(row[stage] for row in rounds))


def time_rival(name: str, pictures: Sequence[Pixels], repeat: int) -> Iterator[Timing]:
    """Median times of one of Pillow's codecs, from pixels to bytes and back."""
    rival = load_rivals([name])[0]
    times: dict[str, list[float]] = {"encode": [], "decode": []}
    for pixels in pictures:
        for _ in range(repeat):
            coded, seconds = _timed(lambda: rival.encoder(pixels)(RIVAL_QUALITY))  # noqa: B023
            times["encode"].append(seconds)
            times["decode"].append(_timed(lambda: rival.decode(coded.data))[1])  # noqa: B023
    for stage, values in times.items():
        yield Timing(name, stage, torch.get_num_threads(), 1e3 * median(values))


def encode_and_decode(model: str, width: int, height: int) -> None:
    """Load the codec, encode a synthetic picture and decode it: a process of its own measures its memory."""
    codec = load_codec(model)
    codec.decode(codec.encode(synthetic_picture(width, height), QUALITY))


def _stages(codec: Codec, pixels: Pixels) -> dict[str, float]:
    """Seconds of each stage for one picture."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    _, load = _timed(lambda: load_image(buffer.getvalue()))
    analysis, analysing = _timed(lambda: codec.analyse(pixels))
    with _time_inside(entropy_networks(codec)) as encoding_networks:
        encoded, writing = _timed(lambda: codec.encode_analysis(analysis, QUALITY))
    _, container = _timed(lambda: read_stream(encoded.data))
    with _time_inside(entropy_networks(codec)) as decoding_networks:
        latents, reading = _timed(lambda: codec.decode_latents(encoded.data))
    _, synthesis = _timed(lambda: codec.synthesise(latents))
    return {
        "encode": analysing + writing,
        "load a PNG file": load,
        "analysis transform": analysing,
        "encoding: entropy networks": encoding_networks[0],
        "encoding: entropy coding": writing - encoding_networks[0],
        "decode": reading + synthesis,
        "container": container,
        "decoding: entropy networks": decoding_networks[0],
        "decoding: entropy coding": reading - decoding_networks[0] - container,
        "synthesis transform": synthesis,
    }


def entropy_networks(codec: Codec) -> list[nn.Module]:
    """The networks between analysis and coder, none of which contains another."""
    network = codec.network
    context = network.context
    heads = [head for group in context.heads for head in group.children()]
    return [
        network.hyper_analysis,
        network.hyper_synthesis,
        network.hyper_scales,
        network.gains,
        context.prior,
        *context.known,
        *context.trunks,
        *heads,
    ]


@contextmanager
def _time_inside(modules: Sequence[nn.Module]) -> Iterator[list[float]]:
    """Add up the seconds spent inside modules, in the one item of the list."""
    total, began = [0.0], [0.0]

    def before(*_: Any) -> None:
        began[0] = time.perf_counter()

    def after(*_: Any) -> None:
        total[0] += time.perf_counter() - began[0]

    hooks = [module.register_forward_pre_hook(before) for module in modules]
    hooks += [module.register_forward_hook(after) for module in modules]
    try:
        yield total
    finally:
        for hook in hooks:
            hook.remove()


def _timed(function: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    result = function()
    return result, time.perf_counter() - began
