"""A base codec together with the networks of its predicted frames."""

from pathlib import Path

from cotam.checkpoint.temporal import LoadedTemporal, load_temporal
from cotam.checkpoint.temporal_cards import temporal_for
from cotam.codec.codec import Codec
from cotam.codec.predicted import PredictedCoder
from cotam.errors import ModelError
from cotam.models.temporal import require_cotam_s

CHECK_BYTES = 2
"""Leading bytes of the networks' id that check predicted frames."""


class TemporalCodec:
    """A base codec with networks of predicted frames; make one with `load_temporal_codec`.

    Args:
        codec: the base codec.
        temporal: networks that were made for it.

    Raises:
        ModelError: they were made for another base model.
    """

    def __init__(self, codec: Codec, temporal: LoadedTemporal) -> None:
        if temporal.card.base_id != codec.model_id.hex():
            raise ModelError(
                f"{temporal.card.name}: made for model {temporal.card.base_id}, "
                f"this codec is {codec.name} ({codec.model_id.hex()})"
            )
        self.codec, self.card = codec, temporal.card
        self.check = int(temporal.card.temporal_id[: 2 * CHECK_BYTES], 16)
        """Where the coder of predicted frames starts and ends: other networks than the writer's do not get there."""
        networks = temporal.networks.to(codec.device)
        self.coder = PredictedCoder(
            require_cotam_s(codec.network, codec.name), networks, codec.latents.tables
        )


def load_temporal_codec(codec: Codec, name: str | Path | None = None) -> TemporalCodec:
    """Give a codec the networks of predicted frames that ship for it, or those of a file.

    Raises:
        ModelError: there are none, or they are damaged or another model's.
    """
    return TemporalCodec(codec, load_temporal(name or temporal_for(codec.name, codec.model_id).path))
