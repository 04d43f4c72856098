"""Reading a model for the edge runtimes, which have the networks of ``cotam-s`` alone."""

from pathlib import Path

from cotam.checkpoint.reading import ARCHITECTURE, ModelArrays, read_model
from cotam.checkpoint.registry import find_model
from cotam.edge.runtimes import NeedsTorchError


def read_edge_model(name_or_path: str | Path) -> ModelArrays:
    """Read a model by name or by the path of its file.

    Raises:
        NeedsTorchError: it is of another architecture; nothing but its card has been read then.
        ModelError: unknown, damaged or altered.
    """
    card = find_model(name_or_path)
    if card.architecture != ARCHITECTURE:
        raise NeedsTorchError(
            f"{card.path}: architecture {card.architecture!r} needs torch (--runtime torch)"
        )
    return read_model(card.path)
