"""All figures of an analysis as plain values for JSON; plots, page and documentation are made of them."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cotam.analysis.bootstrap import interval
from cotam.analysis.evidence import Evidence
from cotam.analysis.findings import coded_stages, findings
from cotam.analysis.geometry import diagonal, share_of_diagonal
from cotam.analysis.measuring import CURVES
from cotam.analysis.results import Results
from cotam.analysis.stages import Stages, slopes
from cotam.analysis.worst import WorstPicture
from cotam.evaluation.rate import Unreadable

if TYPE_CHECKING:
    from cotam.vision import Tower

Array = NDArray[np.float64]
DIGITS = 5
"""Significant digits of figures."""


def analysis_report(
    results: Results,
    matched: Results,
    evidence: Evidence,
    worst: Sequence[WorstPicture],
    unreadable: Sequence[Unreadable],
) -> dict[str, Any]:
    """Put a report together.

    Args:
        results: as measured.
        matched: the same at rates.
        evidence: of `matched`.
        worst: pictures to name.
        unreadable: files that were left out.
    """
    return {
        "pictures": len(results.names),
        "grid": list(results.grid),
        "diagonal": figure(diagonal(*results.grid)),
        "rates": list(matched.settings),
        "rates_are": matched.kind,
        "codecs": list(results.codecs),
        "stages": {
            "attention": stages_dict(evidence.stages),
            "similarity": stages_dict(evidence.similarity_stages),
        },
        "findings": [asdict(finding) for finding in findings(evidence)],
        "blocks": _blocks(results, evidence),
        "conditions": _conditions(matched, evidence),
        "measured": _measured(results),
        "accuracy": [asdict(row) for row in evidence.accuracy],
        "worst": [
            {name: getattr(row, name) for name in ("name", "codec", "quality")}
            | {"bpp": figure(row.bpp), "cosine": figure(row.cosine)}
            for row in worst
        ],
        "by_picture": [
            {"name": name, "cosine": figure(np.nanmean(last) if np.isfinite(last).any() else math.nan)}
            for name, last in zip(results.names, results.cosine[..., -1], strict=True)
        ],
        "unreadable": [asdict(row) for row in unreadable],
    }


def tower_dict(tower: "Tower") -> dict[str, Any]:
    """What a report says of a tower."""
    return {
        "name": tower.name,
        "family": tower.family,
        "blocks": tower.depth,
        "heads": tower.heads,
        "width": tower.width,
        "input": list(tower.input_size),
        "patch": tower.patch,
        "prefix_tokens": tower.prefix_tokens,
    }


def stages_dict(stages: Stages | None) -> dict[str, Any] | None:
    """Borders of stages 2 and 3, each with its interval."""
    return None if stages is None else asdict(stages)


def figure(value: float) -> float | None:
    """A number with few digits; None for NaN."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def _figures(values: Array) -> list[float | None]:
    return [figure(float(value)) for value in values]


def _blocks(results: Results, evidence: Evidence) -> list[dict[str, Any]]:
    """The originals' attention, block by block: mean, and the 95 % interval over pictures."""
    ends = {name: interval(evidence.original[name]) for name in CURVES}
    rows = []
    for block in range(results.depth):
        row: dict[str, Any] = {"block": block}
        for name in CURVES:
            mean, (low, high) = float(evidence.original[name][0, block]), ends[name]
            row[name] = [figure(mean), figure(low[block]), figure(high[block])]
            if name.endswith("distance"):
                row[f"{name}_share"] = figure(share_of_diagonal(mean, *results.grid))
        rows.append(row)
    return rows


def _conditions(matched: Results, evidence: Evidence) -> list[dict[str, Any]]:
    """Every codec at every rate that a picture reaches."""
    rows = []
    for codec, setting in np.ndindex(len(matched.codecs), len(matched.settings)):
        reached = matched.reached[:, codec, setting]
        if reached.any():
            rows.append(_condition(matched, evidence, codec, setting, int(reached.sum())))
    return rows


def _condition(
    matched: Results, evidence: Evidence, codec: int, setting: int, pictures: int
) -> dict[str, Any]:
    cosine = evidence.cosine[:, codec, setting]
    low, high = interval(cosine)
    staged = evidence.stages is not None
    steep = slopes(cosine, evidence.stages) if evidence.stages else np.empty((1, 0))
    steep_low, steep_high = interval(steep) if staged else (np.empty(0), np.empty(0))
    return {
        "codec": matched.codecs[codec],
        "rate": matched.settings[setting],
        "pictures": pictures,
        "counted": bool(evidence.counted[codec, setting]),
        "bpp": figure(float(np.nanmean(matched.bpp[:, codec, setting]))),
        "quality": figure(float(np.nanmean(matched.quality[:, codec, setting]))),
        "cosine": _figures(cosine[0]),
        "cosine_low": _figures(low),
        "cosine_high": _figures(high),
        "cka": _figures(evidence.cka[0, codec, setting]),
        **{name: _figures(evidence.coded[name][0, codec, setting]) for name in CURVES},
        "slopes": _figures(steep[0]),
        "slopes_low": _figures(steep_low),
        "slopes_high": _figures(steep_high),
        "stages": stages_dict(coded_stages(evidence, codec, setting)),
    }


def _measured(results: Results) -> list[dict[str, Any]]:
    """Mean rate of every codec at every setting, and how many pictures have it."""
    rows = []
    for codec, setting in np.ndindex(len(results.codecs), len(results.settings)):
        reached = results.reached[:, codec, setting]
        bpp = results.bpp[:, codec, setting][reached]
        rows.append(
            {
                "codec": results.codecs[codec],
                results.kind: results.settings[setting],
                "pictures": int(reached.sum()),
                "mean_bpp": figure(float(bpp.mean())) if reached.any() else None,
            }
        )
    return rows
