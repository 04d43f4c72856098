"""Models from a hub repository: one file, at a revision that is named, fetched unless it is cached."""

import re
from pathlib import Path
from typing import Final, NamedTuple

from cotam.errors import ModelError

FILE: Final = "model.safetensors"
"""What a repository of a model calls its weights; `cotam models export` writes it so."""
FORM: Final = "OWNER/NAME@REVISION"
_SPEC: Final = re.compile(r"([\w.-]+/[\w.-]+)@([\w./-]+?)(?:#([0-9a-f]{8}))?")
_REPOSITORY: Final = re.compile(r"[\w-][\w.-]*/[\w.-]+(?:#[0-9a-f]{8})?")


class HubModel(NamedTuple):
    """A model in a hub repository."""

    repository: str
    revision: str
    """Commit, tag or branch."""
    model_id: str | None
    """The 8 hex digits that it must have, if they were named."""


def parse(name: str) -> HubModel | None:
    """Read ``OWNER/NAME@REVISION``, with ``#MODELID`` behind it if that is to be checked too; None if it is not one.

    Raises:
        ModelError: it names a repository without a revision.
    """
    if match := _SPEC.fullmatch(name):
        return HubModel(*match.groups())
    if _REPOSITORY.fullmatch(name):
        raise ModelError(
            f"{name}: no such file; a model of the hub is named with its revision, such as {name}@main, "
            f"best a commit, so that it stays the same"
        )
    return None


def fetch(model: HubModel) -> Path:
    """Return the file, fetched if it is not cached.

    Raises:
        ModelError: it cannot be had, or huggingface_hub is not installed.
    """
    name = f"{model.repository}@{model.revision}"
    try:
        from huggingface_hub import errors, hf_hub_download
    except ImportError as error:
        raise ModelError(
            f"{name}: models of the hub need {error.name}: pip install 'cotam[vision]'"
        ) from error
    try:
        return Path(hf_hub_download(model.repository, FILE, revision=model.revision))
    except (OSError, ValueError, errors.HTTPError) as error:  # the hub's own errors are subclasses of these
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{name}: the hub gives no {FILE} ({reason})") from error
