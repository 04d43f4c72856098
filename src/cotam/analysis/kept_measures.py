"""What was measured of one picture, kept on disk under a key of everything that it depends on."""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from cotam.analysis.coding import CodingPlan, Version
from cotam.analysis.measuring import CURVES, Measured
from cotam.images import write_atomically

if TYPE_CHECKING:
    from cotam.evaluation.rivals import Pixels
    from cotam.vision import Tower

MEASURES_VERSION: Final = 1
"""To be raised when a measure's meaning changes; what is kept from before is then measured anew."""
MAPS: Final = ("inflow", "outflow", "cosine_cells")
"""Arrays with an entry for every patch; in half precision."""


@dataclass(frozen=True, eq=False)
class PictureMeasures:
    """Everything that the report needs of one picture, for K codecs at S settings.

    ``arrays`` holds ``original.NAME`` (L,) and ``coded.NAME`` (K, S, L) for each of `CURVES`; ``cosine`` and ``cka``
    (K, S, L + 1); ``bpp`` and ``quality`` (K, S); ``inflow`` and ``outflow`` (L, P); ``cosine_cells``
    (K, S, L + 1, P). NaN where a codec does not reach a rate.
    """

    arrays: dict[str, NDArray[np.floating]]


def combined(plan: CodingPlan, versions: Sequence[Version], measured: Measured) -> PictureMeasures:
    """Put the measures of an original and its versions into arrays by codec and setting."""
    shape = len(plan.rivals), len(plan.settings)

    def placed(rows: NDArray[np.floating] | Sequence[float]) -> NDArray[np.float32]:
        values = np.asarray(rows, np.float32)
        filled = np.full((*shape, *values.shape[1:]), np.nan, np.float32)
        for version, row in zip(versions, values, strict=True):
            filled[version.codec, version.setting] = row
        return filled

    arrays: dict[str, NDArray[np.floating]] = {
        "bpp": placed([version.bpp for version in versions]),
        "quality": placed([version.quality for version in versions]),
        "cosine": placed(measured.cosine[1:].mean(-1)),
        "cka": placed(measured.cka[1:]),
        "cosine_cells": placed(measured.cosine[1:]),
        "inflow": measured.inflow,
        "outflow": measured.outflow,
    }
    for name in CURVES:
        arrays[f"original.{name}"] = measured.attention[name][0]
        arrays[f"coded.{name}"] = placed(measured.attention[name][1:])
    halved = {name: arrays[name].astype(np.float16) for name in MAPS}
    return PictureMeasures({**arrays, **halved})


@dataclass(frozen=True)
class Keeper:
    """A folder of measures.

    Args:
        folder: made if need be.
        tower: identity of the tower, see `tower_identity`.
        plan: identity of the coding plan.
    """

    folder: Path
    tower: str
    plan: str

    def path(self, pixels: "Pixels") -> Path:
        """The file of a picture, by its content."""
        digest = hashlib.sha256(f"{MEASURES_VERSION} {self.tower} {self.plan} {pixels.shape}".encode())
        digest.update(pixels.tobytes())
        return self.folder / f"{digest.hexdigest()[:32]}.npz"

    def load(self, path: Path) -> PictureMeasures | None:
        """What is kept; None where there is nothing, or it is damaged."""
        try:
            with np.load(path, allow_pickle=False) as file:
                return PictureMeasures({name: file[name] for name in file.files})
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
            return None

    def save(self, path: Path, measures: PictureMeasures) -> None:
        """Keep measures, whole or not at all.

        Raises:
            ImageError: the file cannot be written.
        """
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **measures.arrays)  # type: ignore[arg-type]
        write_atomically(path, buffer.getvalue())


def tower_identity(tower: "Tower") -> str:
    """Hash of a tower's weights and of how it takes pictures."""
    digest = hashlib.sha256(repr((tower.family, tower.input_size, tower.mean, tower.std)).encode())
    for name, tensor in sorted(tower.model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().float().contiguous().numpy())
    return digest.hexdigest()
