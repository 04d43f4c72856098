"""What the parts of the system cost: parameters and multiply-accumulates, without running anything."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import torch
from torch import Tensor

from cotam.adapters.complexity import Complexity, FirstLayers, measure
from cotam.adapters.config import LatentAdapterConfig, TransformNeckConfig
from cotam.adapters.latent_adapter import LatentAdapter
from cotam.adapters.transform_neck import TransformNeck
from cotam.entropy_models.structure import HYPER_STRIDE
from cotam.models.cotam_s import CotamS
from cotam.models.cotam_s_config import STRIDE, CotamSConfig

CODEC_SIDE: Final = 256
"""Side of the picture that the codec's parts are counted for; any multiple of 64 gives the same per pixel."""


@dataclass(frozen=True)
class TowerSizes:
    """A tower, and the picture that adapter and neck are counted for."""

    name: str
    width: int
    patch: int
    input: int
    """Side of the tower's input in pixels."""
    latents: int
    side: int
    """Side of the coded picture in pixels; its latents are the tower's patches one to one."""
    skipped: int = 2
    """Blocks that the neck skips."""


PAPER: Final = (
    TowerSizes("CLIP ViT-L/14, 224 px (Bridge)", 1024, 14, 224, 320, 256),
    TowerSizes("CLIP ViT-L/14, 336 px (CoTAM)", 1024, 14, 336, 320, 384),
)
EMBEDDED_WIDTH, EMBEDDED_PATCH, EMBEDDED_INPUT = 192, 16, 224


@dataclass(frozen=True)
class Group:
    """Parts that belong together."""

    name: str
    parts: tuple[Complexity, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        parts = [{**asdict(part), "kmacs_per_pixel": part.kmacs_per_pixel} for part in self.parts]
        return {"name": self.name, "parts": parts}


def groups(codec: CotamSConfig) -> list[Group]:
    """Count the codec, then adapter, neck and what the neck saves, at the embedded sizes and the papers'."""
    embedded = TowerSizes(
        "embedded tower, 224 px",
        EMBEDDED_WIDTH,
        EMBEDDED_PATCH,
        EMBEDDED_INPUT,
        codec.latents,
        EMBEDDED_INPUT,
    )
    with torch.device("meta"):
        return [
            Group(f"cotam-s, {CODEC_SIDE} x {CODEC_SIDE}", codec_parts(codec)),
            *(Group(sizes.name, tower_parts(sizes)) for sizes in (embedded, *PAPER)),
        ]


def codec_parts(config: CotamSConfig) -> tuple[Complexity, ...]:
    """Count the networks of a codec; the integer form that decodes does as many operations as this float form."""
    model, side, pixels = CotamS(config), CODEC_SIDE // STRIDE, CODEC_SIDE**2
    hyper = side // HYPER_STRIDE
    picture, y = torch.empty(1, 3, CODEC_SIDE, CODEC_SIDE), torch.empty(1, config.latents, side, side)
    hats, z = torch.empty(1, config.nodes, side, side), torch.empty(1, config.hyper, hyper, hyper)

    def context() -> Tensor:
        prior = model.context.prior_features(torch.empty(1, config.features, side, side), hats)
        return model.context.run(prior, y, lambda blocks: [block.means for block in blocks])

    return (
        measure("analysis", model.analysis, pixels, lambda: model.analysis(picture)),
        measure("synthesis", model.synthesis, pixels, lambda: model.synthesis(y, hats)),
        measure("hyper-analysis", model.hyper_analysis, pixels, lambda: model.hyper_analysis(y, hats)),
        measure("hyper-synthesis", model.hyper_synthesis, pixels, lambda: model.hyper_synthesis(z)),
        measure("context networks", model.context, pixels, context),
    )


def tower_parts(sizes: TowerSizes) -> tuple[Complexity, ...]:
    """Count the adapter, the neck, and the layers of the tower that the neck skips, for one coded picture."""
    grid, pixels = (sizes.input // sizes.patch,) * 2, sizes.side**2
    adapter = LatentAdapter(LatentAdapterConfig(sizes.latents, sizes.width, grid))
    neck = TransformNeck(TransformNeckConfig(sizes.latents, sizes.width, grid, block=sizes.skipped))
    first = FirstLayers(sizes.width, sizes.patch, sizes.skipped, neck.config.head_count)
    latents = torch.empty(1, grid[0] * grid[1], sizes.latents)
    image = torch.empty(1, 3, sizes.input, sizes.input)
    return (
        measure("latent adapter", adapter, pixels, lambda: adapter(latents)),
        measure("transform-neck", neck, pixels, lambda: neck(latents)),
        measure(f"tower's first {sizes.skipped} layers, skipped", first, pixels, lambda: first(image)),
    )
