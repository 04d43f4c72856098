"""The stages of a codec that has ``cotam-s``'s steps, whatever runs its networks."""

from collections.abc import Callable
from typing import Any

from cotam.bitstream import read_stream, write_stream
from cotam.entropy_coding import FrameReader, FrameWriter
from cotam.evaluation.speed.timed_codec import (
    ANALYSIS,
    CODING,
    CONTAINER,
    GUIDANCE,
    NETWORKS,
    SYNTHESIS,
    WHOLE,
    Clock,
    Stages,
    timed,
)

WRITING = ((FrameWriter, "add"), (FrameWriter, "to_bytes"))
READING = ((FrameReader, "read"), (FrameReader, "finish"))
"""The entropy coder; what is left between transform and container are the networks that drive it."""


def encode_in_stages(
    analyse: Callable[[], Any],
    encode: Callable[[Any, Any], bytes],
    guide: Callable[[], Any] | None = None,
) -> tuple[Stages, bytes]:
    """Code a picture and take the time apart.

    Args:
        analyse: the analysis transform of the picture.
        encode: the rest, from what ``analyse`` and ``guide`` give; None stands for no guidance.
        guide: makes the picture's level map.

    Returns:
        Seconds by stage, and the stream.
    """
    stages: Stages = {WHOLE: 0.0}
    level_map = None
    if guide is not None:
        level_map, stages[GUIDANCE] = timed(guide)
    analysis, stages[ANALYSIS] = timed(analyse)
    with Clock().inside(WRITING) as clock:
        data, writing = timed(lambda: encode(analysis, level_map))
    stream = read_stream(data)
    _, container = timed(lambda: write_stream(stream))
    stages |= {NETWORKS: writing - clock.seconds - container, CODING: clock.seconds, CONTAINER: container}
    return {**stages, WHOLE: sum(stages.values())}, data


def decode_in_stages(
    data: bytes, decode_latents: Callable[[bytes], Any], synthesise: Callable[[Any], Any]
) -> Stages:
    """Decode a stream and take the time apart: to latents, and from latents to pixels."""
    _, container = timed(lambda: read_stream(data))
    with Clock().inside(READING) as clock:
        latents, reading = timed(lambda: decode_latents(data))
    _, synthesis = timed(lambda: synthesise(latents))
    return {
        WHOLE: reading + synthesis,
        CONTAINER: container,
        CODING: clock.seconds,
        NETWORKS: reading - clock.seconds - container,
        SYNTHESIS: synthesis,
    }
