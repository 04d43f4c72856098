"""Keys of callers, from the command line, the environment or a file; compared in constant time."""

import hmac
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path

from cotam.serving.errors import ApiError


class Keys:
    """The keys that open the server; without any it is open."""

    def __init__(self, keys: Iterable[str]) -> None:
        """Take the keys."""
        self._keys = [key.encode() for key in keys]

    @property
    def needed(self) -> bool:
        """Whether callers must show a key."""
        return bool(self._keys)

    def check(self, authorization: str | None) -> None:
        """Let a caller pass.

        Args:
            authorization: the header ``Authorization: Bearer KEY``.

        Raises:
            ApiError: 401; the message does not repeat what was shown.
        """
        if not self._keys:
            return
        scheme, _, shown = (authorization or "").partition(" ")
        given = shown.strip().encode("utf-8", "surrogateescape")
        known = [hmac.compare_digest(given, key) for key in self._keys]  # all of them, whichever fits
        if scheme.lower() != "bearer" or not any(known):
            problem = (
                "the API key is wrong" if authorization else "an API key is needed: Authorization: Bearer KEY"
            )
            raise ApiError(HTTPStatus.UNAUTHORIZED, problem, code="invalid_api_key")


def read_keys(given: Iterable[str], file: Path | None = None) -> tuple[str, ...]:
    """Collect keys.

    Args:
        given: each one key, or several with commas between them.
        file: one key a line; empty lines and those after ``#`` do not count.

    Raises:
        ValueError: the file has no key in it, or a key has characters that no header can carry.
        OSError: the file cannot be read.
    """
    keys = [key.strip() for text in given for key in text.split(",") if key.strip()]
    if file is not None:
        lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
        found = [line for line in lines if line and not line.startswith("#")]
        if not found:
            raise ValueError(f"{file}: has no API key in it; write one a line")
        keys += found
    if not all(key.isascii() and key.isprintable() and " " not in key for key in keys):
        raise ValueError("an API key must be printable ASCII without spaces")
    return tuple(dict.fromkeys(keys))
