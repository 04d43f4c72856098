"""Where a checkpoint's files lie: a local folder, or one that the hub's cache holds or fetches."""

from pathlib import Path
from typing import Final

from cotam.errors import ModelError

CONFIG: Final = "config.json"
WEIGHTS: Final = "*.safetensors"
PICKLED: Final = ("*.bin", "*.pt", "*.pth", "*.ckpt")
TOKENIZERS: Final = ("tokenizer.json", "spiece.model", "vocab.json")
"""Files of which one is there if the checkpoint has a tokenizer."""

FETCHED: Final = ("*.json", "*.txt", "*.model", "*.jinja", WEIGHTS)
"""What is fetched of a repository: configuration, tokenizer, chat template, safetensors; no pickles, no code."""
EXAMPLE: Final = "google/siglip-base-patch16-224"


def find_folder(name_or_path: str | Path, revision: str | None = None, *, example: str = EXAMPLE) -> Path:
    """Return the folder that holds a checkpoint's configuration and safetensors weights.

    Args:
        name_or_path: a local folder, which comes first, or the id of a hub repository.
        revision: branch, tag or commit of a hub repository.
        example: id of a repository that would do, for messages.

    Raises:
        ModelError: there is none, it cannot be reached, or it holds no configuration or no safetensors weights.
        ValueError: a revision of a local folder is asked for.
    """
    right = (
        f"pass a local folder with {CONFIG} and safetensors weights, or the id of a hub repository that can be "
        f"reached or is cached, such as '{example}'"
    )
    folder = Path(name_or_path).expanduser()
    if folder.is_file():
        raise ModelError(f"{name_or_path}: is a file; pass the folder that it lies in")
    if folder.is_dir():
        if revision is not None:
            raise ValueError(
                f"revision={revision!r} is for hub repositories; {name_or_path} is a local folder"
            )
    elif isinstance(name_or_path, Path) or _is_path(name_or_path):
        raise ModelError(f"{name_or_path}: no such folder; {right}")
    else:
        folder = _fetch(name_or_path, revision, right)
    _check_files(folder, str(name_or_path), right)
    return folder


def _is_path(name: str) -> bool:
    """Whether a name can only be meant as a path: a hub id has at most one slash, inside it."""
    return name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name or not name.strip("/ ")


def _fetch(name: str, revision: str | None, right: str) -> Path:
    from huggingface_hub import errors, snapshot_download

    try:
        found = snapshot_download(
            name, revision=revision, allow_patterns=list(FETCHED), ignore_patterns=["*/*"]
        )
    except (OSError, ValueError, errors.HTTPError) as error:  # the hub's own errors are subclasses of these
        at = "" if revision is None else f" at revision {revision!r}"
        raise ModelError(
            f"{name}: no such folder, and the hub gives none{at} ({_reason(error)}); {right}"
        ) from error
    return Path(found)


def _reason(error: Exception) -> str:
    from huggingface_hub import errors

    if isinstance(error, errors.LocalEntryNotFoundError):
        return "it is not cached, and the hub cannot be reached"
    if isinstance(error, errors.GatedRepoError):
        return "its terms have to be accepted first"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "no such repository"
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _check_files(folder: Path, name: str, right: str) -> None:
    if not (folder / CONFIG).is_file():
        raise ModelError(f"{name}: has no {CONFIG}; {right}")
    if any(folder.glob(WEIGHTS)):
        return
    pickled = sorted(path.name for pattern in PICKLED for path in folder.glob(pattern))
    if pickled:
        raise ModelError(
            f"{name}: only pickled weights ({pickled[0]}), which can run code; save them as safetensors"
        )
    raise ModelError(f"{name}: has no safetensors weights; {right}")
