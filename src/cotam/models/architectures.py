"""Which base codecs there are: a new one is a class in a file of its own, and its name in `CODECS`."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from torch import Tensor

from cotam.models.base_codec import BaseCodec
from cotam.models.cotam_s import CotamS
from cotam.models.elic import Elic, read_elic
from cotam.models.foreign import Foreign

CODECS: Final[tuple[type[BaseCodec], ...]] = (CotamS, Elic)
ARCHITECTURES: Final[dict[str, type[BaseCodec]]] = {codec.architecture: codec for codec in CODECS}
"""Networks by what model files call them."""
SIZES: Final[dict[str, Any]] = {name: sizes for codec in CODECS for name, sizes in codec.named_sizes.items()}
"""Configs that have a name."""
READERS: Final[dict[str, Callable[[Mapping[str, Tensor]], Foreign]]] = {"elic": read_elic}
"""How other people's checkpoints of an architecture are read, where they are."""


def find_architecture(name: str) -> type[BaseCodec]:
    """Find a base codec's class.

    Raises:
        ValueError: there is none; the message lists the known ones.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"architecture {name!r} is not known here; known: {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]


def read_sizes(architecture: str, sizes: Mapping[str, Any]) -> Any:
    """The config of an architecture from plain values, such as a model file's; lists become tuples.

    Raises:
        ValueError: an unknown architecture, or sizes that it does not have.
    """
    kind = find_architecture(architecture)
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in sizes.items()}
    try:
        return kind.config_type(**values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"sizes that {architecture} does not have: {error}") from error


def build(architecture: str, sizes: Mapping[str, Any]) -> BaseCodec:
    """Make a base codec's networks, untrained; errors as in `read_sizes`."""
    return find_architecture(architecture)(read_sizes(architecture, sizes))


def network_for(sizes: Any) -> BaseCodec:
    """Make untrained networks of a config.

    Raises:
        TypeError: it is no base codec's config.
    """
    for codec in CODECS:
        if isinstance(sizes, codec.config_type):
            return codec(sizes)
    raise TypeError(f"{type(sizes).__name__} is no base codec's config")


def named_sizes(name: str) -> Any:
    """The config of sizes by name, such as ``elic-s``.

    Raises:
        ValueError: there are none; the message lists the known ones.
    """
    if name not in SIZES:
        raise ValueError(f"sizes {name!r} are not known; known: {', '.join(SIZES)}")
    return SIZES[name]
