"""Which family a checkpoint belongs to, by the `model_type` of its vision configuration. No transformers here."""

from typing import Any, Final

from cotam.errors import ModelError
from cotam.vision.clip import Clip
from cotam.vision.dinov2 import Dinov2
from cotam.vision.dinov3 import Dinov3
from cotam.vision.family import Family
from cotam.vision.internvit import InternVit
from cotam.vision.siglip import Siglip

FAMILIES: Final[dict[str, type[Family]]] = {
    "clip_vision_model": Clip,
    "siglip_vision_model": Siglip,
    "dinov2": Dinov2,
    "dinov2_with_registers": Dinov2,
    "dinov3_vit": Dinov3,
    "internvl_vision": InternVit,
}
"""Family by `model_type`."""

TOWERS: Final = "CLIP, SigLIP, DINOv2, DINOv3 ViT or InternViT"
"""What can be loaded, for people."""


def vision_config(config: Any, name: str) -> Any:
    """Return the part of a checkpoint's configuration that describes its vision tower.

    Args:
        config: of a tower, of a text-and-image model (CLIP, SigLIP) or of an MLLM.
        name: what the user called the checkpoint, for the message.

    Raises:
        ModelError: it has no tower, or one of another family.
    """
    vision = getattr(config, "vision_config", None) or config
    if vision.model_type in FAMILIES:
        return vision
    kind = "no vision tower" if vision is config else f"a tower of type {vision.model_type!r}"
    raise ModelError(
        f"{name}: a {config.model_type!r} model with {kind}; pass a {TOWERS} tower, or a model that contains one"
    )


def family_of(model: Any) -> Family:
    """See a loaded vision model of transformers through its family.

    Raises:
        ModelError: it is of no known family.
    """
    kind = getattr(getattr(model, "config", None), "model_type", None)
    if kind not in FAMILIES:
        raise ModelError(f"a model of type {kind!r} ({type(model).__name__}) is no {TOWERS} tower")
    return FAMILIES[kind](model)
