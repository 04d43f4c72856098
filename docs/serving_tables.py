"""What ``benchmarks/serving_load.py`` reports, to Markdown."""

from pathlib import Path

from tables import load, markdown_table


def load_over_loopback(path: Path) -> str:
    """Latency and throughput with and without micro-batching."""
    report = load(path)
    rows = [
        [
            "one at a time" if run["batch"] == 1 else f"up to {run['batch']} at a time",
            f"{run['requests_per_second']:.1f}",
            f"{run['p50_ms']:,.0f}",
            f"{run['p95_ms']:,.0f}",
            f"{run['errors']}",
        ]
        for run in report["runs"]
    ]
    width, height = report["picture"]
    note = (
        f"{report['requests']} requests of {report['clients']} clients at once over loopback, a stream of {width} x "
        f"{height} pixels each, no two alike, the embedded model, {report['machine']['threads']} thread (torch "
        f"{report['machine']['torch']}); made by `{report['command']}`."
    )
    head = ["answered", "requests a second", "p50, ms", "p95, ms", "errors"]
    return f"{markdown_table(head, rows, right=range(1, 5))}\n\n{note}"
