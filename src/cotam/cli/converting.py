"""Converting one file, or all files of a folder, in the same way."""

import os
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cotam.cli.console import messages, print_json, report, say, working
from cotam.cli.figures import Figures, Outcome
from cotam.cli.files import check_file, check_input, check_output, display_name, files_below
from cotam.cli.options import STANDARD
from cotam.cli.running import BAD_DATA, reason
from cotam.errors import CotamError
from cotam.images.finding import renamed

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


def convert(source: str, target: str, kind: Kind, *, skip_existing: bool = False, as_json: bool) -> int:
    """Carry out a command on a file, a folder or standard input, and report.

    Args:
        source: the input.
        target: the output.
        kind: what is done.
        skip_existing: of a folder, leave out what was done before.
        as_json: print figures on standard output.

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
        if skip_existing:
            plan = without_done(plan)
        return _tell(_convert_folder(plan, _prepared(kind), kind.doing), as_json)
    check_file(source)
    if skip_existing:
        raise ValueError(f"--skip-existing is for folders; {display_name(source)} is none")
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
    done_before: Sequence[Path] = ()
    """Outputs that are there already."""


def plan_folder(source: Path, target: Path, chosen: Collection[Path], suffix: str) -> Plan:
    """Say where each of the ``chosen`` files of a folder goes: the same place below ``target``, with ``suffix``.

    Of files that differ in their suffix only, ``a.jpg`` and ``a.png``, each keeps it: ``a.jpg.cotam``.

    Raises:
        ValueError: no file is chosen, or ``target`` is no place for a folder.
    """
    if str(target) == STANDARD or (target.exists() and not target.is_dir()):
        raise ValueError(f"{source} is a folder, so the output must be a folder as well, not {target}")
    _check_place(target)
    taken = set(chosen)
    others = [path for path in files_below(source) if path not in taken]
    if not chosen:
        raise ValueError(
            f"{source}: nothing to convert in this folder ({len(others)} files of other suffixes)"
        )
    names = renamed(sorted(chosen), suffix)
    return Plan([(path, target / name.relative_to(source)) for path, name in names.items()], others)


def _check_place(target: Path) -> None:
    """Refuse, before any work is done, a folder that can neither be written to nor made."""
    there = next(folder for folder in (target, *target.absolute().parents) if folder.exists())
    if not there.is_dir():
        raise ValueError(f"{target}: cannot be made, {there} is not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f"{target}: cannot be written, the folder {there} is read-only")


def without_done(plan: Plan) -> Plan:
    """Leave out every job whose output is there and no older than its input; files are written whole, or not at all."""

    def is_done(source: Path, target: Path) -> bool:
        return target.is_file() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns

    done = {target for source, target in plan.jobs if is_done(source, target)}
    return replace(plan, jobs=[job for job in plan.jobs if job[1] not in done], done_before=sorted(done))


def _convert_folder(plan: Plan, conversion: Conversion, doing: str) -> Outcome:
    """Convert one file after the other, with a progress bar; what fails is reported, and the rest done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    outcome = Outcome(skipped=plan.skipped, done_before=plan.done_before)
    start, swept = time.perf_counter(), set[Path]()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = messages()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        for source, target in progress.track(plan.jobs, description=doing):
            try:
                if target.parent not in swept:
                    _prepare_folder(target.parent)
                    swept.add(target.parent)
                outcome.files.append(conversion(str(source), str(target)))
            except (CotamError, ValueError, OSError) as error:
                why = reason(error)
                outcome.failed.append({"source": str(source), "reason": why})
                report(why if str(source) in why else f"{source}: {why}")
    outcome.seconds = time.perf_counter() - start
    return outcome


def _prepare_folder(folder: Path) -> None:
    """Make a folder of outputs, and clear it of what a killed run was writing."""
    from cotam.images import remove_leftovers

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{folder}: cannot be made ({error.strerror})") from error
    remove_leftovers(folder)


def _tell(outcome: Outcome, as_json: bool) -> int:
    if as_json:
        print_json(outcome.to_dict())
    one = len(outcome.files) == 1 and not (outcome.failed or outcome.skipped or outcome.done_before)
    say(outcome.files[0].line() if one else outcome.summary())
    return BAD_DATA if outcome.failed else 0
