"""How pictures and streams get into a model's vision tower: as pixels, as pixels and latents, or as latents alone."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
from typing import Any, Final, Literal, get_args

import torch
from torch import Tensor

from cotam.adapters import Geometry, TransformNeck, adding, entering, geometry_of, make_tokens
from cotam.checkpoint.adapter_cards import wrong_codec
from cotam.checkpoint.adapters import LoadedAdapter, tower_identity
from cotam.errors import ModelError
from cotam.mllm.embedding import FAMILIES
from cotam.mllm.pictures import DecodedStream, Picture

Way = Literal["pixels", "adapter", "neck"]
Mode = Literal["auto", "pixels", "adapter", "neck"]
"""A way, or the one that what is loaded allows."""

SEVERAL: Final = 2
"""From so many pictures on, processors may treat each of them otherwise."""


class Entrance:
    """Hands the latents of streams to a model's tower, by adapters or a neck made for tower and codec."""

    def __init__(self, name: str, model: Any, processor: Any, loaded: Sequence[LoadedAdapter]) -> None:
        """Take the parts.

        Args:
            name: what the user called the model, for messages.
            model: a model of transformers.
            processor: its processor.
            loaded: adapters, each for another codec, or one neck.

        Raises:
            ModelError: one is for another tower, or the model handles pictures in a way of its own.
        """
        if model.config.model_type not in FAMILIES:
            raise ModelError(
                f"{name}: a {model.config.model_type!r} model; adapters and necks are for {', '.join(FAMILIES)}"
            )
        self._tower = model.get_encoder(modality="image")
        identity = tower_identity(name, self._tower)
        for one in loaded:
            one.card.check_tower(identity)
        self.kind = loaded[0].card.kind
        self._cards = [one.card for one in loaded]
        self._networks = {one.card.codec.model_id: one.network.to(model.device) for one in loaded}
        self._patch = identity.patch
        self._sights = [_Sight(processor, copies) for copies in range(1, SEVERAL + 1)]

    def __str__(self) -> str:
        """Name the adapters or the neck, for messages."""
        return " and the ".join(map(str, self._cards))

    def fits(self, picture: Picture) -> bool:
        """Whether a picture is a stream of a codec that an adapter or the neck was made for."""
        return picture.stream is not None and picture.stream.codec.model_id.hex() in self._networks

    def check(self, picture: Picture) -> None:
        """Refuse a stream of another codec.

        Raises:
            ModelError: saying which codecs the adapters or the neck are for.
        """
        if picture.stream is None or self.fits(picture):
            return
        raise wrong_codec(self._cards, picture.name, picture.stream.codec.model_id.hex())

    def open(self, pictures: Sequence[Picture]) -> AbstractContextManager[None]:
        """Let the tower take the latents of a prompt's pictures, all of them at once, for a ``with`` block.

        Adapters add nothing to the tokens of a picture that is no stream of their codecs.
        """
        sight = self._sights[min(len(pictures), SEVERAL) - 1]
        tokens = torch.cat([self._tokens(picture, sight) for picture in pictures])
        network = next(iter(self._networks.values()))
        if isinstance(network, TransformNeck):
            return entering(self._tower, tokens, network.config.block)
        return adding(self._tower, tokens)

    def _tokens(self, picture: Picture, sight: "_Sight") -> Tensor:
        """Tokens (tiles, T, D) for one picture."""
        geometry = geometry_of(sight, picture.size, self._patch)
        if picture.stream is not None and self.fits(picture):
            return self._translated(picture.stream, geometry)
        network = next(iter(self._networks.values()))
        rows, columns = geometry.grid
        return next(network.parameters()).new_zeros(geometry.tiles, rows * columns, network.config.width)

    def _translated(self, stream: DecodedStream, geometry: Geometry) -> Tensor:
        network = self._networks[stream.codec.model_id.hex()]
        latents, device = stream.latents, next(network.parameters()).device
        y_hat, steps = latents.y_hat[None].to(device), latents.steps[None].to(device)
        gains = deepcopy(stream.codec.network.gains).to(device)
        return make_tokens(network, y_hat, steps, gains, geometry)


def check_mode(mode: str, entrance: Entrance | None) -> None:
    """Refuse a mode that there is not, or that needs what is not loaded.

    Raises:
        ValueError: saying what is missing.
    """
    if mode not in get_args(Mode):
        raise ValueError(f"mode must be one of {', '.join(get_args(Mode))}, not {mode!r}")
    if mode in ("auto", "pixels") or (entrance is not None and entrance.kind == mode):
        return
    loaded = "none is loaded" if entrance is None else f"what is loaded is the {entrance}"
    article = "an" if mode == "adapter" else "a"
    raise ValueError(
        f"mode {mode!r} needs {article} {mode}, and {loaded}; name one with adapter=NAME or FILE"
    )


def way_for(mode: Mode, entrance: Entrance | None, pictures: Sequence[Picture]) -> Way:
    """Choose how the pictures of a conversation enter.

    In mode ``auto``, streams go through the adapter or neck that is loaded if it was made for their codec; a neck needs
    all pictures to be such streams.

    Raises:
        ModelError: a stream of another codec than the adapters or the neck are for.
        ValueError: mode ``neck`` and a picture that is no stream.
    """
    if mode == "pixels" or entrance is None or not pictures:
        return "pixels"
    kind = entrance.kind
    if mode == "auto":
        fitting = [entrance.fits(picture) for picture in pictures]
        return kind if (all(fitting) if kind == "neck" else any(fitting)) else "pixels"
    for picture in pictures:
        if mode == "neck" and picture.stream is None:
            raise ValueError(
                f"{picture.name}: mode 'neck' takes .cotam streams only; use mode 'auto' or 'pixels'"
            )
        entrance.check(picture)
    return kind if any(picture.stream is not None for picture in pictures) else "pixels"


class _Sight:
    """A whole processor as `geometry_of` asks for it: one picture in, its tiles out."""

    def __init__(self, processor: Any, copies: int) -> None:
        """Take the processor, and how many pictures are in the prompt."""
        self._processor, self._copies = processor, copies

    def __call__(self, picture: Any, return_tensors: str) -> dict[str, Tensor]:
        """Process a prompt of nothing but the picture, as often as it has copies."""
        text = [self._processor.image_token * self._copies]
        inputs = self._processor(text=text, images=[[picture] * self._copies], return_tensors=return_tensors)
        values: Tensor = inputs["pixel_values"]
        return {"pixel_values": values[: len(values) // self._copies]}
