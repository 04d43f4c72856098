"""The pictures that coding hurts most."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cotam.analysis.results import Results

SHOWN: Final = 6
"""Pictures in a report."""


@dataclass(frozen=True, eq=False)
class WorstPicture:
    """A picture with the codec and setting that leave least of its tokens after the last block."""

    name: str
    codec: str
    quality: float
    bpp: float
    cosine: float
    """Mean over patches after the last block."""
    cells: NDArray[np.float32]
    """Each patch's similarity before block 0 and after every block, (L + 1, rows, columns)."""
    inflow: NDArray[np.float32]
    """Attention that each patch of the original receives in every block, (L, rows, columns)."""


def worst_pictures(results: Results, count: int = SHOWN) -> list[WorstPicture]:
    """Return the pictures with the lowest similarity after the last block, the worst first, each once."""
    last = np.where(results.reached, results.cosine[..., -1], np.inf).reshape(len(results.names), -1)
    order = np.argsort(last.min(1), kind="stable")[:count]
    return [
        _worst(results, int(picture), int(last[picture].argmin()))
        for picture in order
        if np.isfinite(last[picture].min())
    ]


def _worst(results: Results, picture: int, condition: int) -> WorstPicture:
    codec, setting = divmod(condition, len(results.settings))
    place = picture, codec, setting
    maps = results.measures[picture].arrays
    return WorstPicture(
        name=results.names[picture],
        codec=results.codecs[codec],
        quality=float(results.quality[place]),
        bpp=float(results.bpp[place]),
        cosine=float(results.cosine[place][-1]),
        cells=maps["cosine_cells"][codec, setting].astype(np.float32).reshape(-1, *results.grid),
        inflow=maps["inflow"].astype(np.float32).reshape(-1, *results.grid),
    )
