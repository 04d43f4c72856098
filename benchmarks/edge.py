"""The edge runtimes beside torch: time of every stage in one run, and what bfloat16 costs in rate.

    python benchmarks/edge.py --images kodak --json benchmarks/results/edge.json

Times are of a synthetic picture: the least of many rounds in which all ways take turns, since that is what a busy
machine disturbs least. Without a folder of pictures, rates are left out.
"""

import argparse
import shlex
import sys
from importlib.metadata import version
from pathlib import Path

from cotam.evaluation.edge_precision import compare_precisions
from cotam.evaluation.edge_speed import time_stages
from cotam.evaluation.rate import Unreadable, readable_pictures
from cotam.evaluation.reports import new_report, write_report


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    report = new_report("edge")
    report["command"] = shlex.join(["python", "benchmarks/edge.py", *sys.argv[1:]])
    report["versions"] |= {name: version(name) for name in ("onnxruntime", "openvino")}
    threads = [int(count) for count in options.threads.split(",")]
    report |= time_stages(threads, options.rounds)
    if options.images:
        found = readable_pictures(options.images)
        pictures = [picture[1] for picture in found if not isinstance(picture, Unreadable)]
        report["precision"] = compare_precisions(pictures)
    write_report(options.json, report)


if __name__ == "__main__":
    main()
