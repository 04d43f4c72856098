"""An analysis on disk: JSON, plots and the page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cotam.analysis.accuracy import ConditionAccuracy
from cotam.analysis.coding import CodingPlan, code_once
from cotam.analysis.evidence import gather
from cotam.analysis.page import analysis_page
from cotam.analysis.plots import draw_plots
from cotam.analysis.report import analysis_report, tower_dict
from cotam.analysis.results import Results, at_matched_rates
from cotam.analysis.sources import Source
from cotam.analysis.worst import WorstPicture, worst_pictures
from cotam.analysis.worst_sheet import ShownPicture, worst_sheet
from cotam.evaluation.rate import Unreadable
from cotam.evaluation.reports import new_report, write_report
from cotam.images import write_atomically

if TYPE_CHECKING:
    from cotam.vision import Tower

JSON_FILE, PAGE_FILE, PLOT_FILE = "analysis.json", "analysis.html", "analysis-{}.png"
KEPT: Final = "pictures"
"""Folder, below that of the report, of what was measured of single pictures."""


def write_analysis(
    folder: Path,
    tower: "Tower",
    source: Source,
    plan: CodingPlan,
    results: Results,
    unreadable: Sequence[Unreadable],
    accuracy: Sequence[ConditionAccuracy] = (),
) -> dict[str, Any]:
    """Evaluate results, and write JSON, plots and page into a folder that is there.

    Returns:
        The report as it is in the JSON file.

    Raises:
        ImageError: a file cannot be written.
        CotamError: matplotlib is not installed.
    """
    matched = at_matched_rates(results)
    evidence = gather(matched, accuracy)
    worst = worst_pictures(results)
    report = {
        **new_report("analysis"),
        "tower": tower_dict(tower),
        "source": source.description,
        "settings": [f"{rival.name}: {rival.settings}" for rival in plan.rivals],
        **analysis_report(results, matched, evidence, worst, unreadable),
    }
    plots = draw_plots(report)
    if worst:
        plots["worst"] = worst_sheet(_shown(worst, source, plan), evidence.stages)
    for name, png in plots.items():
        write_atomically(folder / PLOT_FILE.format(name), png)
    write_atomically(folder / PAGE_FILE, analysis_page(report, plots).encode())
    write_report(folder / JSON_FILE, report)
    return report


def _shown(worst: Sequence[WorstPicture], source: Source, plan: CodingPlan) -> list[ShownPicture]:
    """Load and code the worst pictures once more."""
    shown = []
    for row in worst:
        original = source.load(row.name)
        if not isinstance(original, Unreadable):
            rival = plan.rivals[plan.codecs.index(row.codec)]
            shown.append(ShownPicture(row, original, code_once(rival, original, row.quality)))
    return shown
