"""Which tensors a ``cotam-s`` model in integer form has, and of which shapes. No torch here."""

from collections.abc import Iterator

from cotam.entropy_models.structure import PASSES
from cotam.models.cotam_s_config import CELL_SAMPLES, PATCH, CotamSConfig

Shape = tuple[int, ...]
Named = Iterator[tuple[str, Shape]]

WIDENING = 2
"""Channels in the middle of a block, over those around it."""


def float_shapes(c: CotamSConfig) -> dict[str, Shape]:
    """Shapes of the tensors of floating point, by name."""
    patch = 3 * PATCH**2
    return {
        **dict(_conv("analysis.enter", patch, c.wide)),
        **dict(_blocks("analysis.eighth", c.wide, c.analysis_blocks[0])),
        **dict(_conv("analysis.down", 4 * c.wide, c.deep)),
        **dict(_blocks("analysis.sixteenth", c.deep, c.analysis_blocks[1])),
        **dict(_conv("analysis.leave", c.deep, c.latents)),
        "analysis.linear.weight": (c.latents, CELL_SAMPLES, 1, 1),
        **dict(_conv("synthesis.enter", c.latents + c.nodes, c.deep)),
        **dict(_blocks("synthesis.sixteenth", c.deep, c.synthesis_blocks[0])),
        **dict(_conv("synthesis.up", c.deep, 4 * c.wide)),
        **dict(_blocks("synthesis.eighth", c.wide, c.synthesis_blocks[1])),
        **dict(_conv("synthesis.leave", c.wide, patch)),
        "synthesis.linear.weight": (CELL_SAMPLES, c.latents, 1, 1),
        "gains.base": (c.latents,),
        "gains.rise": (c.nodes - 1, c.latents),
        "gains.inverse": (c.nodes, c.latents),
        **dict(_conv("hyper_analysis.enter", c.latents + c.nodes, c.hyper_hidden)),
        **dict(_conv("hyper_analysis.spread", 1, c.hyper_hidden, 3)),
        **dict(_conv("hyper_analysis.down", 4 * c.hyper_hidden, 2 * c.hyper_hidden)),
        **dict(_conv("hyper_analysis.mix", 1, 2 * c.hyper_hidden, 3)),
        **dict(_conv("hyper_analysis.leave", 8 * c.hyper_hidden, c.hyper)),
    }


def integer_shapes(c: CotamSConfig) -> dict[str, Shape]:
    """Shapes of the integer tensors, by name."""
    found: dict[str, Shape] = {
        **dict(_exact("hyper_synthesis.enter", c.hyper, c.hyper_hidden)),
        **dict(_exact("hyper_synthesis.spread", 9, c.hyper_hidden)),
        **dict(_exact("hyper_synthesis.up", c.hyper_hidden, 4 * c.features)),
        **dict(_exact("hyper_synthesis.mix", 9, c.features)),
        **dict(_exact("hyper_synthesis.leave", c.features, 4 * c.features)),
        "hyper_scales.index": (c.nodes, c.hyper),
        **dict(_exact("context.prior", c.features + c.nodes, c.context)),
    }
    for number in range(PASSES):
        if number:
            found.update(_exact(f"context.known.{number - 1}", c.latents, c.context))
        found.update(_exact(f"context.trunks.{number}.spread", 9, c.context))
        for layer in ("mix", "refine"):
            found.update(_exact(f"context.trunks.{number}.{layer}", c.context, c.context))
        for group in range(PASSES):
            found.update(_exact(f"context.heads.{number}.{group}", c.context, 2 * c.latents // PASSES))
    return found


def _conv(name: str, inputs: int, outputs: int, side: int = 1) -> Named:
    yield f"{name}.weight", (outputs, inputs, side, side)
    yield f"{name}.bias", (outputs,)


def _blocks(name: str, channels: int, count: int) -> Named:
    for number in range(count):
        yield from _conv(f"{name}.{number}.spread", 1, channels, 3)
        yield from _conv(f"{name}.{number}.widen", channels, WIDENING * channels)
        yield from _conv(f"{name}.{number}.narrow", WIDENING * channels, channels)


def _exact(name: str, inputs: int, outputs: int) -> Named:
    yield f"{name}.weight", (outputs, inputs)
    yield f"{name}.bias", (outputs,)
    yield f"{name}.shift", ()
