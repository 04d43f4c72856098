"""Weights to start from: an adapter or neck that was trained before, for another codec or tower of the same sizes."""

from pathlib import Path

from cotam.adapters import LatentAdapter, TransformNeck
from cotam.checkpoint.adapter_cards import find_adapter
from cotam.checkpoint.adapters import load_adapter
from cotam.errors import ModelError


def start_from(network: LatentAdapter | TransformNeck, name_or_path: str | Path) -> str:
    """Give a new network the weights of a stored one.

    Args:
        network: takes them; codec and tower need not be those that the stored one is for.
        name_or_path: see `load_adapter`.

    Returns:
        Name and id of the stored one, which the new one's card keeps.

    Raises:
        ModelError: unknown or damaged, or of another kind or other sizes.
    """
    stored = load_adapter(name_or_path)
    if type(stored.network) is not type(network):
        raise ModelError(
            f"{name_or_path} is a file of kind {stored.card.kind}, which this run does not train"
        )
    wanted = network.config.to_dict()
    for key, value in stored.network.config.to_dict().items():
        if value != wanted[key]:
            raise ModelError(
                f"{name_or_path} has {key} {value}; this run needs {wanted[key]} to start from it"
            )
    network.load_state_dict(stored.network.state_dict())
    return f"{stored.card.name} {find_adapter(name_or_path).adapter_id}"
