"""What an adapter file says of itself, what it fits, and which ones ship with the package. No torch here."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

from cotam.checkpoint.registry import SUFFIX, shipped_files
from cotam.checkpoint.sealed import FileKind, read_head, read_json, read_metadata
from cotam.errors import ModelError

ADAPTER: Final = FileKind("cotam-adapter", "1", "adapter", "adapter_id", ("card",))
Kind = Literal["adapter", "neck"]
"""A `LatentAdapter` or a `TransformNeck`."""
Setting = Literal["d1", "d2", "d3"]
"""What a neck was trained with (Bridge): a frozen codec, one for people and machines, one for machines only."""
KIND_NAMES: Final = {"adapter": "latent adapter", "neck": "transform-neck"}


@dataclass(frozen=True)
class CodecIdentity:
    """The codec whose latents an adapter reads."""

    name: str
    """As it was called when the adapter was trained; another name is no other codec."""
    model_id: str
    """First 4 bytes of its content hash, in hex, as streams carry it."""


@dataclass(frozen=True)
class TowerIdentity:
    """The vision tower that an adapter makes tokens for."""

    name: str
    """As it was called when the adapter was trained; another name is no other tower."""
    family: str
    """``clip``, ``siglip``, ``dinov2``, ``dinov3`` or ``internvit``."""
    width: int
    """Channels of its tokens."""
    blocks: int
    """Number of its blocks."""
    patch: int
    """Side of a patch in pixels."""
    grid: tuple[int, int]
    """Rows and columns of patches of its own input size."""
    prefix: int
    """Tokens in front of the patches: [CLS] and registers."""
    fingerprint: str
    """See `cotam.vision.fingerprint.fingerprint`."""

    @property
    def tokens(self) -> int:
        """Tokens of a picture of its own input size."""
        return self.prefix + self.grid[0] * self.grid[1]


@dataclass(frozen=True)
class AdapterCard:
    """What a latent adapter or transform-neck is, and what it was made for."""

    name: str
    """Name to load it by, once it ships."""
    kind: Kind
    codec: CodecIdentity
    tower: TowerIdentity
    config: dict[str, Any]
    """Sizes of the network: `LatentAdapterConfig.to_dict` or `TransformNeckConfig.to_dict`."""
    setting: Setting | None = None
    """Of a neck; None for an adapter."""
    training: str = ""
    """One line on how it was trained."""

    def __post_init__(self) -> None:
        """Check what can be checked without the network.

        Raises:
            ValueError: a kind or setting that there is not, or sizes that are none.
        """
        if not isinstance(self.config, dict):
            raise ValueError(f"config must be sizes by name, not {self.config!r}")  # noqa: TRY004 - of a file
        if self.kind not in get_args(Kind):
            raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, not {self.kind!r}")
        allowed = (None,) if self.kind == "adapter" else get_args(Setting)
        if self.setting not in allowed:
            raise ValueError(f"setting of a {self.kind} must be one of {allowed}, not {self.setting!r}")

    @property
    def made_of(self) -> dict[str, Any]:
        """What the file's id covers beside the weights: sizes, and what they were made for."""
        return {**self.config, "codec": self.codec.model_id, "tower": self.tower.fingerprint}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "AdapterCard":
        """Undo `dataclasses.asdict`, of a card that may have been through JSON.

        Raises:
            ValueError, TypeError, KeyError: the values are no card.
        """
        tower = {**values["tower"], "grid": tuple(values["tower"]["grid"])}
        parts = {"codec": CodecIdentity(**values["codec"]), "tower": TowerIdentity(**tower)}
        return cls(**{**values, **parts})

    def check_codec(self, name: str, model_id: bytes | str) -> None:
        """Refuse another codec.

        Args:
            name: of the codec or stream at hand, for the message.
            model_id: its 4 bytes, or their hex digits.

        Raises:
            ModelError: saying which codec the adapter is for.
        """
        found = model_id if isinstance(model_id, str) else model_id.hex()
        if found != self.codec.model_id:
            raise wrong_codec([self], name, found)

    def check_tower(self, tower: TowerIdentity) -> None:
        """Refuse another tower.

        Args:
            tower: of the model at hand, from `cotam.checkpoint.adapters.tower_identity`.

        Raises:
            ModelError: saying what does not fit what.
        """
        pairs = (
            (f"tokens of width {self.tower.width}", f"{tower.width}"),
            (f"{self.tower.tokens} tokens a picture", f"{tower.tokens}"),
            (f"a {self.tower.family} tower", f"{tower.family}"),
            (f"a tower of {self.tower.blocks} blocks", f"{tower.blocks}"),
            (f"the weights of {self.tower.name} ({self.tower.fingerprint})", f"others ({tower.fingerprint})"),
        )
        same = (
            self.tower.width == tower.width,
            self.tower.tokens == tower.tokens,
            self.tower.family == tower.family,
            self.tower.blocks == tower.blocks,
            self.tower.fingerprint == tower.fingerprint,
        )
        for (wanted, found), fits in zip(pairs, same, strict=True):
            if not fits:
                raise ModelError(f"{self}: made for {wanted}; the tower of {tower.name} has {found}")

    def __str__(self) -> str:
        """How messages call it."""
        return f"{KIND_NAMES[self.kind]} {self.name!r}"


def wrong_codec(cards: Sequence[AdapterCard], name: str, model_id: str) -> ModelError:
    """The error for a codec, or a stream of it, that none of some adapters was made for; ``model_id`` in hex."""
    made = " and the ".join(map(str, cards))
    codecs = " or ".join(f"{card.codec.name} ({card.codec.model_id})" for card in cards)
    return ModelError(f"{made}: made for codec {codecs}, which {name} ({model_id}) is not")


@dataclass(frozen=True)
class AdapterFile:
    """An adapter's card, and the file that it was read from."""

    card: AdapterCard
    path: Path
    adapter_id: str
    """First 4 bytes of its content hash, in hex."""
    file_bytes: int

    def plain(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        own = {"adapter_id": self.adapter_id, "file_bytes": self.file_bytes, "path": str(self.path)}
        return {"kind": self.card.kind, **asdict(self.card), **own}


def read_adapter_file(path: Path) -> AdapterFile:
    """Read the card of an adapter file without its tensors.

    Raises:
        ModelError: the file is missing, damaged, or no adapter.
    """
    head, _ = read_head(path, ADAPTER, _what_is_known)
    return AdapterFile(_card_of(head["card"], path), path, head["adapter_id"], path.stat().st_size)


@cache
def known_adapters() -> tuple[AdapterFile, ...]:
    """The adapters and necks that ship with the package, by file name."""
    return tuple(read_adapter_file(path) for path in shipped_files(ADAPTER))


def is_adapter(name_or_path: str | Path) -> bool:
    """Whether this is the name of a shipped adapter or neck, or the path of a file of one, be it damaged or not."""
    path = Path(name_or_path)
    if not path.is_file():
        return str(name_or_path) in (file.card.name for file in known_adapters())
    try:
        return read_metadata(path)[0].get("format") == ADAPTER.format
    except ModelError:
        return False


def find_adapter(name_or_path: str | Path) -> AdapterFile:
    """Find an adapter by its name or by the path of its file.

    Raises:
        ModelError: there is none; the message lists the known names.
    """
    path = Path(name_or_path)
    if path.suffix == SUFFIX or path.is_file():
        return read_adapter_file(path)
    for file in known_adapters():
        if file.card.name == str(name_or_path):
            return file
    raise ModelError(f"unknown adapter {str(name_or_path)!r}; {_what_is_known()}")


def _what_is_known() -> str:
    names = ", ".join(f"{file.card.name} ({KIND_NAMES[file.card.kind]})" for file in known_adapters())
    return f"known adapters: {names or 'none'}, or the path of a {SUFFIX} file"


def _card_of(text: str, path: Path) -> AdapterCard:
    try:
        return AdapterCard.from_dict(read_json(text, path, ADAPTER))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{path}: damaged adapter description ({error})") from error
