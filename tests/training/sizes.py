"""Sizes of a codec that a test can train."""

from cotam.models.cotam_s_config import CotamSConfig

MODEL = CotamSConfig(
    latents=8,
    hyper=4,
    wide=8,
    deep=8,
    analysis_blocks=(1, 1),
    synthesis_blocks=(1, 1),
    hyper_hidden=8,
    features=8,
    context=8,
    nodes=3,
)
