"""From latents to tokens: where a tower's patches lie in the latent grid, and the networks that translate.

`geometry_of` learns from an MLLM's image processor what each patch shows, `sample_latents` averages the latents there,
a `LatentAdapter` or a `TransformNeck` makes tokens of them (`make_tokens` does both), and `adding` or `entering` hands
those to the tower.
"""

from cotam.adapters.applying import make_tokens
from cotam.adapters.config import LatentAdapterConfig, TransformNeckConfig
from cotam.adapters.geometry import Geometry, geometry_of
from cotam.adapters.injection import adding, entering
from cotam.adapters.latent_adapter import LatentAdapter
from cotam.adapters.sampling import sample_latents
from cotam.adapters.transform_neck import TransformNeck

__all__ = [
    "Geometry",
    "LatentAdapter",
    "LatentAdapterConfig",
    "TransformNeck",
    "TransformNeckConfig",
    "adding",
    "entering",
    "geometry_of",
    "make_tokens",
    "sample_latents",
]
