"""What the operator of a server decides: limits, keys and times."""

from dataclasses import dataclass, fields

from cotam.ops.rate import check_rate


@dataclass(frozen=True)
class Limits:
    """What one request, and all of them together, may take."""

    body_bytes: int = 16 * 2**20
    """Most bytes of a request's body."""
    pixels: int = 2**24
    """Most pixels of all pictures of a request together."""
    images: int = 16
    """Most pictures of a request."""
    messages: int = 256
    """Most messages of a conversation."""
    tokens: int = 1024
    """Most tokens that a request may ask for."""
    default_tokens: int = 64
    """Tokens of an answer where the request does not say."""
    concurrent: int = 32
    """Most requests in work or waiting; what comes beyond is refused with 503."""
    request_seconds: float = 120.0
    """Time for a whole request."""
    body_seconds: float = 30.0
    """Time for a request's body to arrive."""
    drain_seconds: float = 30.0
    """Time that requests in flight have to finish when the server is told to stop."""

    def __post_init__(self) -> None:
        """Refuse what no server can work with.

        Raises:
            ValueError: a limit that is not positive, or a default above its limit.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise ValueError(f"the limit {field.name} must be more than 0, not {value}")
        if self.default_tokens > self.tokens:
            raise ValueError(
                f"answers of {self.default_tokens} tokens by default exceed the limit of {self.tokens} tokens"
            )


@dataclass(frozen=True)
class Rate:
    """How ordinary pictures are coded: at a quality, or in so many bits per pixel at most."""

    quality: float | None = None
    """1..100, or None."""
    bpp: float | None = None
    """Above 0, or None."""

    def __post_init__(self) -> None:
        """Refuse what is no rate.

        Raises:
            ValueError: none or both are given, or one is out of range.
        """
        check_rate(self.quality, self.bpp)


@dataclass(frozen=True)
class Settings:
    """All that the application needs to know beside its back end."""

    limits: Limits = Limits()
    """Bounds."""
    api_keys: tuple[str, ...] = ()
    """Keys that callers must show one of; none: everybody may call."""
    image_hosts: tuple[str, ...] = ()
    """Hosts that pictures are fetched from; none: pictures come in the request."""
    coding: Rate | None = None
    """How ordinary pictures are coded before anything else is done with them; None: not at all."""
    guidance: tuple[str, ...] = ("uniform", "saliency")
    """What the page offers as guidance; a text of `cotam.guidance.naming` each."""
