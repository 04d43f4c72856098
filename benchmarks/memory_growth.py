"""Resident memory of a process that encodes and decodes 10,000 times with one codec; exit code 1 if it grows.

    python benchmarks/memory_growth.py --json benchmarks/results/memory_growth.json

The first tenth fills caches; what comes after must not grow by more than a few MB.
"""

import argparse
import shlex
import sys
from pathlib import Path

from cotam.codec import load_codec
from cotam.evaluation.memory_growth import QUALITIES, SIZES, memory_over_cycles
from cotam.evaluation.reports import new_report, write_report

READINGS = 10
MOST_GROWTH = 8_000_000
"""Bytes by which memory may differ between the first reading and any later one: below one KB a cycle."""


def main() -> int:
    """Run the cycles, and write the report; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cycles", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    codec, rows = load_codec(threads=options.threads), []
    for reading in memory_over_cycles(codec, options.cycles, max(1, options.cycles // READINGS)):
        rows.append({"cycles": reading.cycles, "resident_bytes": reading.resident_bytes})
        print(f"{reading.cycles:7,d} cycles: {reading.resident_bytes / 1e6:.1f} MB", flush=True)
    growth = max(row["resident_bytes"] for row in rows) - rows[0]["resident_bytes"]
    report = new_report("memory_growth")
    report["command"] = shlex.join(["python", "benchmarks/memory_growth.py", *sys.argv[1:]])
    report |= {"cycles": options.cycles, "growth_bytes": growth, "allowed_bytes": MOST_GROWTH}
    report |= {"sizes": [f"{w}x{h}" for w, h in SIZES], "qualities": list(QUALITIES), "readings": rows}
    if options.json:
        write_report(options.json, report)
    return int(growth > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
