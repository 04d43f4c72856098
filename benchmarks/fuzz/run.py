"""Fuzz header, container and level map with atheris, and write down what came of it; exit code 1 on a crash.

Atheris needs a compiler's libFuzzer only where no wheel fits; give it a virtual environment of its own:

    python3 -m venv .fuzz && .fuzz/bin/pip install atheris -e .
    .fuzz/bin/python benchmarks/fuzz/run.py --runs 1000000 --seed 1 --json benchmarks/results/fuzz.json

The corpus starts from the golden streams. An input that must not happen is kept beside the report as ``crash-…``, and
`fuzz_container.py` runs it again.
"""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SEEDS = HERE.parent.parent / "tests" / "conformance"
MAX_BYTES = 4096
"""Longest input; every field and limit can be reached with fewer."""
MAX_MEGABYTES = 512
"""Memory of the whole process, and of any one allocation in it."""
TIMEOUT_SECONDS = 60
"""Wall time of one input, far above the processor time that the target itself allows."""
FIGURES = {
    "executions": re.compile(r"stat::number_of_executed_units:\s*(\d+)"),
    "peak_megabytes": re.compile(r"stat::peak_rss_mb:\s*(\d+)"),
    "coverage_edges": re.compile(r"#\d+\s+\w+\s+cov: (\d+)"),
    "coverage_features": re.compile(r"#\d+\s.* ft: (\d+)"),
    "corpus_inputs": re.compile(r"#\d+\s.* corp: (\d+)"),
    "slowest_microseconds": re.compile(r"slowest: \d+\.(\d{6}) s"),
}
"""Where libFuzzer and the target say what the report holds; of each, the last counts."""
CRASH = re.compile(r"Test unit written to (\S+)")


def seed_corpus(folder: Path) -> int:
    """Copy the golden streams into an empty corpus; returns how many."""
    seeds = sorted(SEEDS.rglob("*.cotam"))
    for number, path in enumerate(seeds):
        shutil.copy(path, folder / f"{number:03d}")
    return len(seeds)


def read_figures(lines: Iterable[str]) -> dict[str, Any]:
    """Take the figures from what the fuzzer says, and the names of crashing inputs."""
    found: dict[str, Any] = dict.fromkeys(FIGURES)
    crashes = []
    for line in lines:
        for name, pattern in FIGURES.items():
            if match := pattern.search(line):
                found[name] = int(match[1])
        if match := CRASH.search(line):
            crashes.append(Path(match[1]).name)
        if line.startswith(("==", "  ", "Traceback", "Done", " ===")) or "pulse" in line or match:
            print(line, end="", file=sys.stderr)
    return {**found, "crashes": len(crashes), "crashing_inputs": crashes}


def fuzz(runs: int, seed: int, artifacts: Path) -> dict[str, Any]:
    """Run the target ``runs`` times; returns the figures."""
    with tempfile.TemporaryDirectory() as corpus:
        seeds = seed_corpus(Path(corpus))
        options = {"runs": runs, "seed": seed, "max_len": MAX_BYTES, "timeout": TIMEOUT_SECONDS}
        options |= {"rss_limit_mb": MAX_MEGABYTES, "malloc_limit_mb": MAX_MEGABYTES, "print_final_stats": 1}
        arguments = [f"-{name}={value}" for name, value in options.items()]
        command = [sys.executable, HERE / "fuzz_container.py", *arguments, f"-artifact_prefix={artifacts}/"]
        with subprocess.Popen([*command, corpus], stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            figures = read_figures(process.stderr)
    return {"runs": runs, "seed": seed, "seed_streams": seeds, "exit_code": process.returncode, **figures}


def main() -> int:
    """Fuzz, and write the report; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = fuzz(options.runs, options.seed, options.json.parent if options.json else Path())
    # a child inherits its parent's peak memory: torch comes after it
    from cotam.evaluation.reports import new_report, write_report

    report = new_report("fuzz")
    report["command"] = shlex.join(["python", "benchmarks/fuzz/run.py", *sys.argv[1:]])
    report["versions"]["atheris"] = version("atheris")
    print({name: figures[name] for name in ("executions", "coverage_edges", "crashes", "peak_megabytes")})
    if options.json:
        write_report(options.json, {**report, **figures})
    return int(figures["crashes"] > 0 or figures["exit_code"] != 0)


if __name__ == "__main__":
    sys.exit(main())
