"""What the results page says of one method against the base codec: BD-rates, and whether the paper's claim holds."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cotam.evaluation.accuracy.cells import Table, signed
from cotam.evaluation.methods import FULL_JOINT
from cotam.evaluation.reproduce.experiment import BASE, FULL, JOINT
from cotam.levelvqa import LEVELS

Report = Mapping[str, Any]

PAPER_BD_RATE: Final = -35.99
"""CoTAM against ELIC, its base codec, over MLLM benchmarks."""
GROUPS: Final = ("overall", *LEVELS)


def measured(report: Report, names: Sequence[str]) -> list[str]:
    """Those of the names that the report holds."""
    known = {row["method"] for row in report["methods"]}
    return [name for name in names if name in known]


def claim(report: Report) -> str:
    """CoTAM against its base codec beside the paper's figure, and what holds of it."""
    if not measured(report, [FULL]):
        stand_in = measured(report, ["without-adapter", "without-guidance"])
        said = (
            f"CoTAM as a whole (`{FULL}`) could not be measured, so its BD-rate against its own base codec, "
            f"{signed(PAPER_BD_RATE, 2)} % in the paper, is not compared with anything here."
        )
        return "\n\n".join([said, *(_verdict(report, name) for name in stand_in)])
    paper = f"The paper reports {signed(PAPER_BD_RATE, 2)} % for CoTAM against ELIC, over MLLM benchmarks."
    return f"{paper}\n\n{_verdict(report, FULL)}"


def joint(report: Report) -> str:
    """A codec that learned together with the adapter, without and with guidance; beyond the paper."""
    names = measured(report, [JOINT, FULL_JOINT])
    if not names:
        return ""
    said = (
        "Beyond the paper, whose codec stays as it is: here it goes on learning together with the adapter, for rate, "
        f"distortion and what the tower sees, on training scenes, of which `{BASE}` has seen none."
    )
    return "\n\n".join([said, *(f"{_verdict(report, name)}\n\n{losses(report, name)}" for name in names)])


def _verdict(report: Report, method: str) -> str:
    rows = {row["group"]: row for row in report["bd_rates"] if row["method"] == method}
    head = ("", "BD-rate", "95 % interval", "over accuracies")
    table = Table("", head, tuple((group, *bd_cells(rows.get(group))) for group in GROUPS), words=1)
    return f"`{method}` against `{report['anchor']}`:\n\n{table.markdown()}\n\n{_outcome(rows)}"


def bd_cells(row: Mapping[str, Any] | None) -> tuple[str, str, str]:
    """Cells of one BD-rate: its figure, its interval, and the accuracies that both curves cover."""
    if row is None or row["percent"] is None:
        return "n/a", "n/a", "no overlap"
    low, high = row["overlap"]
    interval = row["interval"]
    spread = "n/a" if interval is None else f"{signed(interval[0])} to {signed(interval[1])} %"
    return f"{signed(row['percent'])} %", spread, f"{low:.1f}–{high:.1f} %"


def _outcome(rows: Mapping[str, Mapping[str, Any]]) -> str:
    row = rows.get("overall")
    if row is None or row["percent"] is None:
        return f"No figure can be given here: {row['problem'] if row else 'it was not measured'}."
    if row["interval"] is None:
        return "Too few resampled curves can be compared for an interval, so the figure here says little."
    return f"{_overall(*row['interval'])}{_by_level(rows)}"


def _by_level(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """On which levels it is otherwise than less rate beyond the interval."""
    known = [(level, rows[level]["interval"]) for level in LEVELS if rows.get(level, {}).get("interval")]
    more = [level for level, (low, _) in known if low > 0]
    open_ = [level for level, (low, high) in known if low <= 0 <= high]
    said = (
        [f" More rate is needed on the {' and the '.join(more)} level, beyond the interval."] if more else []
    )
    said += [f" On the {' and the '.join(open_)} level the interval contains zero."] if open_ else []
    return "".join(said)


def _overall(low: float, high: float) -> str:
    if high < 0:
        return "Less rate is needed here, beyond the interval."
    if low > 0:
        return "Here the opposite holds, beyond the interval: the claim does not reproduce at this scale."
    return "Here the interval contains zero: the claim is neither reproduced nor refuted at this scale."


def losses(report: Report, method: str) -> str:
    """Where a method is worse than the base codec at equal bytes, beyond the interval."""
    found = [
        f"{'all questions' if group == 'overall' else f'{group} level'} at {row['rate'].removeprefix('bpp ')} bpp "
        f"({signed(row[group]['points'])} points, {signed(row[group]['low'])} to {signed(row[group]['high'])})"
        for row in report["differences"]
        if row["method"] == method
        for group in GROUPS
        if group in row and row[group]["high"] < 0
    ]
    if not found:
        return (
            f"At no rate and on no level is `{method}` worse than `{report['anchor']}` beyond the interval."
        )
    return f"`{method}` is worse than `{report['anchor']}`, beyond the interval: {'; '.join(found)}."
