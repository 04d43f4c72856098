"""Latency over slow uplinks with JPEG, AVIF and cotam, simulated with measured sizes of files.

    python benchmarks/uplink.py --json benchmarks/results/uplink.json

Sizes come from ``results/kodak_rate.json``: of each picture and codec, the bytes at one PSNR, interpolated between
measured qualities (linear in the logarithm of the bytes). Pictures come at random times and wait for the link, first
come, first served. Times of codecs are those of ``results/speed.json`` on one core.
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cotam import __version__

RESULTS = Path(__file__).parent / "results"
CODECS = ("jpeg", "avif", "cotam-s")
LINKS = (1.0, 5.0, 50.0)
"""Uplinks in Mbit/s."""
BASE64 = 4 / 3
"""Growth of a file in the JSON of a request."""
OVERHEAD = 700
"""Bytes of headers and JSON around a picture: assumed."""
ONE_WAY = 0.02
"""Seconds that a bit is under way: assumed."""
WIDTH, HEIGHT = 768, 512
"""Of Kodak's pictures."""


def main() -> None:
    """Simulate and write the report."""
    parser = argparse.ArgumentParser(description="Latency over slow uplinks, simulated with measured sizes.")
    parser.add_argument(
        "--psnr", type=float, nargs="+", default=[30.0, 34.0], help="dB, of every picture and codec"
    )
    parser.add_argument("--rate", type=float, default=1.0, help="pictures a second, on average")
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    points = json.loads((RESULTS / "kodak_rate.json").read_text("utf-8"))["points"]
    speed = json.loads((RESULTS / "speed.json").read_text("utf-8"))
    sizes = {(psnr, codec): sizes_at(points, codec, psnr) for psnr in given.psnr for codec in CODECS}
    runs = [
        {"psnr": psnr, "codec": codec, "mbit": link, **simulated(own, link, given)}
        for (psnr, codec), own in sizes.items()
        for link in LINKS
    ]
    report = {
        "command": "python benchmarks/uplink.py --json benchmarks/results/uplink.json",
        "cotam": __version__,
        "rate": given.rate,
        "pictures": given.pictures,
        "seed": given.seed,
        "assumed": {"overhead_bytes": OVERHEAD, "one_way_ms": 1000 * ONE_WAY, "base64": BASE64},
        "sizes": [{"psnr": psnr, "codec": codec, **summary(own)} for (psnr, codec), own in sizes.items()],
        "codec_ms": {codec: times(speed, codec) for codec in CODECS},
        "runs": runs,
    }
    given.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(json.dumps(runs, indent=1))


def sizes_at(points: list[dict[str, Any]], codec: str, psnr: float) -> NDArray[np.float64]:
    """Bytes of every picture at a PSNR, which the codec must have measured qualities below and above of."""
    names = sorted({point["picture"] for point in points})
    return np.array(
        [_size_at([p for p in points if (p["codec"], p["picture"]) == (codec, n)], psnr) for n in names]
    )


def _size_at(points: list[dict[str, Any]], psnr: float) -> float:
    points = sorted(points, key=lambda point: point["quality"])
    for low, high in pairwise(points):
        if low["psnr"] <= psnr <= high["psnr"]:
            share = (psnr - low["psnr"]) / (high["psnr"] - low["psnr"])
            return float(np.exp((1 - share) * np.log(low["bytes"]) + share * np.log(high["bytes"])))
    reached = f"{points[0]['psnr']:.2f} to {points[-1]['psnr']:.2f} dB"
    raise SystemExit(
        f"{points[0]['picture']}: {points[0]['codec']} was measured at {reached}, not at {psnr:g}"
    )


def simulated(sizes: NDArray[np.float64], link: float, given: Any) -> dict[str, Any]:
    """Send pictures one after the other; latency counts from when a picture is coded to when its last bit arrives."""
    rng = np.random.default_rng(given.seed)  # the same pictures at the same times for all
    arrivals = np.cumsum(rng.exponential(1 / given.rate, given.pictures))
    bits = 8 * (BASE64 * sizes[rng.integers(len(sizes), size=given.pictures)] + OVERHEAD)
    sending = bits / (1e6 * link)
    load = float(sending.mean() * given.rate)
    found = {"load": round(load, 4), "pictures_per_second_at_most": round(1 / float(sending.mean()), 2)}
    if load >= 1:
        return {**found, "p50_ms": None, "p95_ms": None}
    free, done = 0.0, np.empty(given.pictures)
    for number, (begin, duration) in enumerate(zip(arrivals, sending, strict=True)):
        free = max(free, begin) + duration
        done[number] = free
    latency = done - arrivals + ONE_WAY
    p50, p95 = (round(1000 * float(np.quantile(latency, q)), 1) for q in (0.5, 0.95))
    return {**found, "p50_ms": p50, "p95_ms": p95}


def summary(sizes: NDArray[np.float64]) -> dict[str, int]:
    """What the sizes of a codec are like."""
    return {
        "mean": round(float(sizes.mean())),
        "least": round(float(sizes.min())),
        "most": round(float(sizes.max())),
    }


def times(speed: dict[str, Any], codec: str) -> dict[str, float]:
    """Milliseconds of a codec for a picture of Kodak's size on one core."""
    own = {"codec": codec, "threads": 1, "stage": "all", "width": WIDTH, "height": HEIGHT}
    found = {t["way"]: t["milliseconds"] for t in speed["timings"] if own.items() <= t.items()}
    return {way: found[way] for way in ("encode", "decode")}


if __name__ == "__main__":
    main()
