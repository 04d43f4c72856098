"""Recipes of ``cotam train adapter`` and ``cotam train neck``."""

from dataclasses import dataclass
from typing import Final, get_args

import torch

from cotam.adapters.config import Conditioning
from cotam.checkpoint.adapter_cards import Setting
from cotam.ops.quality_scale import MAX_QUALITY, MIN_QUALITY
from cotam.training.config import RunConfig
from cotam.training.losses import HIGH_WEIGHT, LOW_ONLY, LOW_WEIGHT

EMBEDDED_FIDELITY: Final = 100.0
"""Weight of the final tokens' MSE for the embedded model, the same as Bridge's for pooled features.

A LLaVA reads patch tokens. Bridge's surrogate speaks of the pooled one alone and leaves them to the tower's habits,
which a tower as small as ours, after so short a training, has too few of. Beyond the paper.
"""
EMBEDDED_HEAD_START: Final = 0.4
"""Share of the run in which a neck for the embedded model imitates the tower's own tokens first (docs/log.md, note 11).

Beyond the paper, which trains for 60 epochs of ImageNet.
"""
TOKEN_STRIDE: Final = 16
"""Pixels per latent; by default pictures have the size that gives each patch one latent (CoTAM: 384 for 336 / 14)."""


@dataclass(frozen=True)
class TokensTrainingConfig(RunConfig):
    """What adapter and neck have in common."""

    batch: int = 16
    """Pictures per step and process."""
    learning_rate: float = 5e-4
    final_learning_rate: float = 1e-6
    warmup: int = 100
    weight_decay: float = 0.0
    ema: float = 0.999
    size: int = 0
    """Side of the training pictures in pixels, a multiple of 16; 0: 16 for each patch of the tower's side."""
    lowest: float = 1.0
    """Lowest quality that pictures are coded at, 1..100."""
    highest: float = 60.0
    """Highest quality, 1..100; beyond 60 the decoded picture leaves an adapter little to add."""
    uniform_levels: float = 0.5
    """Share of pictures with a uniform level map, 0..1; the others' are random. Without effect with ``guidance``."""
    guidance: str = ""
    """Where level maps come from, such as ``clip:layers=0-2``; empty: random ones."""
    conditioning: Conditioning = "none"
    """How the network learns at what quality the latents were coded."""
    checkpointing: bool = False
    """Run the tower's blocks again in the backward pass instead of keeping what is inside them."""
    first_scene: int = 0
    """Offset of the first scene within LevelVQA's training split."""
    head_start: float = 0.0
    """First share of the run, 0 to below 1, in which only what enters the tower is compared."""

    def __post_init__(self) -> None:
        """Check the recipe."""
        super().__post_init__()
        if self.size % TOKEN_STRIDE or self.size < 0:
            raise ValueError(f"size must be a multiple of {TOKEN_STRIDE}, not {self.size}")
        if not MIN_QUALITY <= self.lowest <= self.highest <= MAX_QUALITY:
            raise ValueError(
                f"qualities must be from {MIN_QUALITY:g} to {MAX_QUALITY:g}, not {self.lowest:g} to {self.highest:g}"
            )
        if not 0 <= self.uniform_levels <= 1:
            raise ValueError(f"uniform_levels must be from 0 to 1, not {self.uniform_levels}")
        if self.conditioning not in get_args(Conditioning):
            raise ValueError(
                f"conditioning must be one of {', '.join(get_args(Conditioning))}, not {self.conditioning!r}"
            )
        if not 0 <= self.head_start < 1:
            raise ValueError(f"head_start must be from 0 to below 1, not {self.head_start}")


@dataclass(frozen=True)
class AdapterTrainingConfig(TokensTrainingConfig):
    """Recipe of ``cotam train adapter``; CoTAM's rate."""

    conditioning: Conditioning = "embedding"
    """By measurement (docs/log.md, note 12)."""
    low: float = LOW_WEIGHT
    """CoTAM's λ_low; 0 leaves the low-level term out, as one of its ablations does."""
    high: float = HIGH_WEIGHT
    """CoTAM's λ_high; 0 leaves the high-level term out."""
    head_start: float = LOW_ONLY
    """First share of the run, in which the low-level term stands alone. Without effect with ``joint`` or without that
    term; 0 for an adapter that starts trained."""
    reconstruction_prior: bool = True
    """Tokens from latents are added to those of the decoded picture. Without, as in an ablation, they replace them: the
    network is then a transform-neck that enters at block 0, trained with the adapter's loss."""
    joint: bool = False
    """Whether the codec learns too, for people and for the tower behind the adapter. Beyond the paper."""
    machine: float = 2.0
    """With ``joint``: weight of the fidelity of a picture coded in the middle of the quality scale, against rate and
    distortion. It grows with λ, as the distortion's does."""
    rate_weight: float = 6.0
    """With ``joint``: weight of the rate. What the tower sees is one more thing to spend bits on at every λ; with 1,
    a quality takes twice its bytes (docs/log.md, note 27)."""
    balance: float = 0.55
    """With ``joint``: see `CodecTrainingConfig.balance`."""

    def __post_init__(self) -> None:
        """Check the recipe."""
        super().__post_init__()
        if min(self.low, self.high) < 0 or not self.low + self.high:
            raise ValueError(f"low and high must be weights, not both 0, but are {self.low} and {self.high}")
        if self.machine < 0 or self.rate_weight <= 0:
            raise ValueError(
                "machine must not be negative and rate_weight must be above 0, "
                f"but they are {self.machine} and {self.rate_weight}"
            )
        if self.joint and not self.reconstruction_prior:
            raise ValueError("a codec learns together with an adapter alone: joint excludes no-prior")

    @property
    def variant(self) -> str:
        """What such a run is called: ``adapter``, ``adapter-joint``, or ``adapter-high-only`` and so on."""
        if not self.reconstruction_prior:
            return "neck-no-prior"
        if self.joint:
            return "adapter-joint"
        if not self.low:
            return "adapter-high-only"
        return "adapter" if self.high else "adapter-low-only"


@dataclass(frozen=True)
class NeckTrainingConfig(TokensTrainingConfig):
    """Recipe of ``cotam train neck``; Bridge's rate."""

    learning_rate: float = 1e-4
    setting: Setting = "d1"
    """Which parts learn, and for whom."""
    block: int = 2
    """Block of the tower that takes the neck's tokens."""
    surrogate: float = 1.0
    """Weight of Bridge's surrogate (zero-shot cross entropy and pooled distillation)."""
    fidelity: float = 0.0
    """Weight of the MSE of the final tokens that the language model reads; beyond the paper."""
    head_start: float = 0.0
    """First share of the run, in which the neck learns the tokens that the tower has at ``block``; Bridge's schedule
    follows on it. Beyond the paper."""
    machine: float = 0.01
    """With d2 and d3: weight of what the tower sees, against rate and distortion."""
    balance: float = 0.55
    """With d2 and d3: see `CodecTrainingConfig.balance`."""

    def __post_init__(self) -> None:
        """Check the recipe."""
        super().__post_init__()
        if self.setting not in get_args(Setting):
            raise ValueError(f"setting must be one of {', '.join(get_args(Setting))}, not {self.setting!r}")
        for name in ("surrogate", "fidelity", "machine", "block"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, but is {getattr(self, name)}")
        if not self.surrogate + self.fidelity:
            raise ValueError("surrogate and fidelity are both 0: nothing is left to learn from")


def adapter_preset(device: torch.device) -> AdapterTrainingConfig:
    """The recipe that suits a device: on a CPU a short run of a small network, hence a higher rate."""
    if device.type == "cuda":
        return AdapterTrainingConfig(batch=64, warmup=500)
    return AdapterTrainingConfig(learning_rate=1e-3, bf16=bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()))


def neck_preset(device: torch.device) -> NeckTrainingConfig:
    """The recipe that suits a device, as in `adapter_preset`."""
    if device.type == "cuda":
        return NeckTrainingConfig(batch=64, warmup=500)
    return NeckTrainingConfig(learning_rate=1e-3, bf16=bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()))
