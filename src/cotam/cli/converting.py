"""Converting one file, or all files of a folder, in the same way."""

import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from cotam.cli.console import messages, print_json, report, say, working
from cotam.cli.figures import Figures, Outcome
from cotam.cli.files import check_file, check_input, check_output, display_name, files_below
from cotam.cli.options import STANDARD
from cotam.cli.running import BAD_DATA, reason
from cotam.errors import CotamError

Conversion = Callable[[str, str], Figures]
"""Converts the file of the first name to that of the second."""


@dataclass(frozen=True)
class Kind:
    """What a command does to files."""

    doing: str
    """Such as ``encoding``."""
    suffix: str
    """Suffix of the outputs."""
    find: Callable[[Path], Collection[Path]]
    """Finds the files of a folder that can be converted."""
    prepare: Callable[[], Conversion]
    """Loads what is needed; called once, after the command line was found right."""


def convert(source: str, target: str, kind: Kind, *, as_json: bool) -> int:
    """Carry out a command on a file, a folder or standard input, and report.

    Returns:
        The exit code.

    Raises:
        ValueError: the source is missing, or the target cannot take what comes.
    """
    if as_json and target == STANDARD:
        raise ValueError("--json needs standard output, which takes the result here: name an output file")
    if source != STANDARD and check_input(source).is_dir():
        folder = Path(source)
        plan = plan_folder(folder, Path(target), kind.find(folder), kind.suffix)
        return _tell(_convert_folder(plan, _prepared(kind), kind.doing), as_json)
    check_file(source)
    check_output(target, source)
    return convert_one(source, target, kind, as_json=as_json)


def convert_one(source: str, target: str, kind: Kind, *, as_json: bool) -> int:
    """Carry out a command on one source, which was found right with its target, and report; returns the exit code."""
    conversion, start = _prepared(kind), time.perf_counter()
    with working(f"{kind.doing} {display_name(source)}"):
        done = conversion(source, target)
    return _tell(Outcome([done], seconds=time.perf_counter() - start), as_json)


def _prepared(kind: Kind) -> Conversion:
    with working("loading the model"):
        return kind.prepare()


@dataclass(frozen=True)
class Plan:
    """What there is to do in a folder."""

    jobs: list[tuple[Path, Path]]
    """Input and output of every conversion."""
    skipped: list[Path]
    """Files that are left out."""


def plan_folder(source: Path, target: Path, chosen: Collection[Path], suffix: str) -> Plan:
    """Say where each of the ``chosen`` files of a folder goes: the same place below ``target``, with ``suffix``.

    Of files that differ in their suffix only, ``a.jpg`` and ``a.png``, each keeps it: ``a.jpg.cotam``.

    Raises:
        ValueError: no file is chosen, or ``target`` is no place for a folder.
    """
    if str(target) == STANDARD or (target.exists() and not target.is_dir()):
        raise ValueError(f"{source} is a folder, so the output must be a folder as well, not {target}")
    taken = set(chosen)
    others = [path for path in files_below(source) if path not in taken]
    if not chosen:
        raise ValueError(
            f"{source}: nothing to convert in this folder ({len(others)} files of other suffixes)"
        )
    stems = Counter(str(path.with_suffix("")).casefold() for path in chosen)
    jobs = []
    for path in sorted(chosen):
        alone = stems[str(path.with_suffix("")).casefold()] == 1
        name = path.with_suffix(suffix) if alone else path.with_name(path.name + suffix)
        jobs.append((path, target / name.relative_to(source)))
    return Plan(jobs, others)


def _convert_folder(plan: Plan, conversion: Conversion, doing: str) -> Outcome:
    """Convert one file after the other, with a progress bar; what fails is reported, and the rest done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    outcome, start = Outcome(skipped=plan.skipped), time.perf_counter()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = messages()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        for source, target in progress.track(plan.jobs, description=doing):
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                outcome.files.append(conversion(str(source), str(target)))
            except (CotamError, ValueError, OSError) as error:
                why = reason(error)
                outcome.failed.append({"source": str(source), "reason": why})
                report(why if str(source) in why else f"{source}: {why}")
    outcome.seconds = time.perf_counter() - start
    return outcome


def _tell(outcome: Outcome, as_json: bool) -> int:
    if as_json:
        print_json(outcome.to_dict())
    one = len(outcome.files) == 1 and not outcome.failed and not outcome.skipped
    say(outcome.files[0].line() if one else outcome.summary())
    return BAD_DATA if outcome.failed else 0
