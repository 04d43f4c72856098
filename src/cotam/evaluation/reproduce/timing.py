"""How long methods take: all of them in turn on the same pictures, so that ratios mean something."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final, TypeVar

import numpy as np
import torch
from PIL import Image

from cotam.evaluation.answerers import Answerer, Answerers
from cotam.evaluation.methods import Method
from cotam.levelvqa import Scene, scene, split_seeds

Result = TypeVar("Result")

QUALITY: Final = 15.0
"""At which all methods code, each on its own scale: for cotam-s about 0.15 bits per pixel."""


@dataclass(frozen=True)
class Seconds:
    """One method on one picture."""

    encode: float
    """From pixels to bytes, at a given quality: no size is searched for."""
    decode: float
    """From bytes to pixels; of a neck, to latents."""
    tokens: float
    """From bytes to the vision tower's tokens, whatever enters it; a language model's time is not in it."""


def time_methods(
    methods: Sequence[Method],
    answerers: Answerers,
    base: str,
    scenes: int,
    advance: Callable[[int], None] = lambda scenes: None,
) -> dict[str, Any]:
    """Time methods on the last scenes of the validation split, picture by picture, after one to warm up.

    Args:
        methods: all of them, `base` too.
        answerers: of the MLLM whose tower is entered.
        base: name of the method that ratios are to.
        scenes: how many.
        advance: told of scenes done.

    Returns:
        JSON-ready: medians of seconds, and of each picture's ratio to the base.
    """
    entered = [answerers.answerer(one.mode, one.adapter, one.stream_codec) for one in methods]
    pairs = list(zip(methods, entered, strict=True))
    rounds: list[dict[str, Seconds]] = []
    for seed in split_seeds("validation", scenes + 1):
        one = scene(seed)
        rounds.append({method.name: _seconds(method, answerer, one) for method, answerer in pairs})
        advance(1)
    return {
        "scenes": scenes,
        "threads": torch.get_num_threads(),
        "quality": QUALITY,
        "methods": [_row(method.name, base, rounds[1:]) for method in methods],
    }


def _seconds(method: Method, answerer: Answerer, one: Scene) -> Seconds:
    pixels = np.asarray(one.image)
    quality = method.codec.qualities[0] if method.lossless else QUALITY
    coded, encoding = _timed(lambda: method.encoder(pixels)(quality))
    decoded, decoding = _timed(lambda: method.decode(coded.data))
    shown = method.shown(coded.data, decoded)
    if isinstance(shown, bytes):  # the MLLM decodes it
        return Seconds(encoding, decoding, _timed(lambda: answerer.layer_tokens(shown))[1])
    picture = Image.fromarray(shown)
    return Seconds(encoding, decoding, decoding + _timed(lambda: answerer.layer_tokens(picture))[1])


def _row(name: str, base: str, rounds: Sequence[dict[str, Seconds]]) -> dict[str, Any]:
    row: dict[str, Any] = {"method": name}
    for stage in ("encode", "decode", "tokens"):
        own = [getattr(found[name], stage) for found in rounds]
        others = [getattr(found[base], stage) for found in rounds]
        ratios = [mine / other for mine, other in zip(own, others, strict=True)]
        row[stage] = {"seconds": median(own), "ratio": median(ratios)}
    return row


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began
