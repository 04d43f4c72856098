"""From what a decoder holds to tokens: sampled at the patches, conditioned as the network was trained."""

from torch import Tensor

from cotam.adapters.geometry import Geometry
from cotam.adapters.latent_adapter import LatentAdapter
from cotam.adapters.sampling import STRIDE, sample_latents
from cotam.adapters.transform_neck import TransformNeck
from cotam.models.gains import QualityGains
from cotam.ops.quality import quality_hats
from cotam.ops.quality_scale import MAX_STEP, MIN_STEP


def make_tokens(
    network: LatentAdapter | TransformNeck,
    y_hat: Tensor,
    steps: Tensor,
    gains: QualityGains,
    geometry: Geometry,
    stride: int = STRIDE,
) -> Tensor:
    """Make the tokens of pictures of one size; training and inference both go through here.

    Args:
        network: a latent adapter or a transform-neck.
        y_hat: decoded latents, float (N, C, h, w).
        steps: quality step of each latent position, int64 (N, h, w), 8..800.
        gains: of the codec's network; with ``conditioning="gain"`` the quantisation steps follow from them.
        geometry: of pictures of this size.
        stride: pixels per latent position and axis.

    Returns:
        (N · tiles, P, D) for `adding`, or (N · tiles, prefix + P, D) for `entering`; tiles of a picture together.

    Raises:
        ValueError: latents of another picture size or codec.
    """

    def sampled(values: Tensor) -> Tensor:
        return sample_latents(values, geometry, stride).flatten(0, 1)

    conditioning, quality, sizes = network.config.conditioning, None, None
    if conditioning == "embedding":
        share = (steps.to(y_hat.dtype) - MIN_STEP) / (MAX_STEP - MIN_STEP)
        quality = sampled(share[:, None])[..., 0]
    elif conditioning == "gain":
        sizes = sampled(gains(quality_hats(steps, gains.nodes))[1])
    tokens: Tensor = network(sampled(y_hat), geometry.grid, quality=quality, steps=sizes)
    return tokens
