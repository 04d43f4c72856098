"""Safetensors files whose head names a hash of what they hold: models, adapters, networks of predicted frames.

No torch here.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save

from cotam.checkpoint.content_hash import MODEL_ID_BYTES, content_hash
from cotam.errors import ModelError

NOT_IN_NUMPY: Final = (KeyError, AttributeError, TypeError)
"""What safetensors raises for tensors of a type that NumPy lacks; which one depends on the type."""
OWN_FORMAT: Final = re.compile(r"cotam-[a-z]+")
Head = dict[str, str]
"""What a file says of itself, text by name."""


@dataclass(frozen=True)
class FileKind:
    """What the files of one kind have in common."""

    format: str
    version: str
    noun: str
    """How messages call what such a file holds."""
    id_key: str
    """Name of the file's id in its head: the first bytes of its content hash, in hex."""
    keys: tuple[str, ...]
    """What else the head has, beside format and version."""


def identity_of(architecture: str, made_of: Mapping[str, Any], tensors: Mapping[str, ArrayLike]) -> str:
    """The id of a content, 8 hex digits; arguments as in `content_hash`."""
    return content_hash(architecture, made_of, tensors)[: 2 * MODEL_ID_BYTES]


def read_metadata(path: Path) -> tuple[Head, list[list[int]]]:
    """Read the head of a safetensors file: its metadata, and the shape of every tensor.

    Raises:
        ModelError: it is none, or damaged.
    """
    try:
        with safe_open(path, framework="np") as file:
            shapes = [file.get_slice(key).get_shape() for key in file.keys()]  # noqa: SIM118 - no mapping
            return file.metadata() or {}, shapes
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: not a safetensors file ({error})") from error


def read_head(path: Path, kind: FileKind, known: Callable[[], str]) -> tuple[Head, list[list[int]]]:
    """Read the head of a file of a kind.

    Args:
        path: the file.
        kind: what it must be.
        known: tells in words what there is, for messages.

    Raises:
        ModelError: the file is missing, damaged, or something else.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such {kind.noun} file; {known()}")
    head, shapes = read_metadata(path)
    found = head.get("format", "")
    if found != kind.format or not {"version", kind.id_key, *kind.keys} <= head.keys():
        own = found if OWN_FORMAT.fullmatch(found) else "safetensors"
        raise ModelError(f"{path}: a {own} file, but no {kind.noun} of cotam; {known()}")
    if head["version"] != kind.version:
        raise ModelError(
            f"{path}: {kind.noun} file version {head['version']}; this cotam reads {kind.version}"
        )
    return head, shapes


def read_json(text: str, path: Path, kind: FileKind) -> dict[str, Any]:
    """Read a description out of a head.

    Raises:
        ModelError: it is damaged.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: damaged {kind.noun} description") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path}: damaged {kind.noun} description")
    return values


def read_sealed(
    path: Path, identity: str, architecture: str, made_of: Mapping[str, Any]
) -> dict[str, NDArray[Any]]:
    """Read a file's tensors, which with architecture and sizes must have the id that its head says.

    Raises:
        ModelError: damaged or altered.
    """
    try:
        tensors: dict[str, NDArray[Any]] = load_file(path)
        found = identity_of(architecture, made_of, tensors)
    except (SafetensorError, OSError, RecursionError, *NOT_IN_NUMPY) as error:
        raise ModelError(f"{path}: the file is damaged ({error})") from error
    if found != identity:
        raise ModelError(f"{path}: the file is damaged: its content does not match its id {identity}")
    return tensors


def write_sealed(
    path: Path,
    kind: FileKind,
    tensors: Mapping[str, ArrayLike],
    architecture: str,
    made_of: Mapping[str, Any],
    head: Head,
) -> str:
    """Write a file, whole or not at all.

    Args:
        path: the file, ``.safetensors``.
        kind: what it is.
        tensors: by name, of types that NumPy has, on the CPU.
        architecture: what the networks are called in the content hash.
        made_of: plain values that the hash covers as well, such as sizes.
        head: what the file says of itself beside format, version and id.

    Returns:
        Its id.

    Raises:
        ModelError: a tensor holds other than finite numbers.
    """
    arrays = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ModelError(f"{path}: not written: {name} has numbers beyond what {array.dtype} holds")
    identity = identity_of(architecture, made_of, arrays)
    told = {"format": kind.format, "version": kind.version, **head, kind.id_key: identity}
    part = path.with_name(path.name + ".part")
    part.write_bytes(save(arrays, told))
    os.replace(part, path)
    return identity
