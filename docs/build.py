"""Fill the generated parts of README.md and docs/*.md from committed results, so that no figure is typed.

A page marks a part with ``<!-- begin:NAME -->`` and ``<!-- end:NAME -->``; what stands between is replaced.

    python docs/build.py            rewrite the pages, and draw the training curves
    python docs/build.py --check    change nothing; exit 1 if a page is not up to date
"""

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

import accuracy_tables
import adapter_tables
import analysis_tables
import base_codec_tables
import clips_tables
import edge_tables
import guidance_tables
import levelvqa_tables
import reading_tables
import scale_tables
import serving_tables
import speed_tables
import tables
import temporal_tables
import training_curve

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path("benchmarks", "results")
TRAINING = Path("docs", "training")
TEMPORAL_LOG = TRAINING / "cotam-s-temporal.log.jsonl"
ELIC_LOG, SHORT_LOG = TRAINING / "elic-s.log.jsonl", TRAINING / "cotam-s-short.log.jsonl"
CLIPS_LOG = TRAINING / "levelvqa-clips.log.jsonl"
TOKENS = (*adapter_tables.VARIANTS, *adapter_tables.NECKS, adapter_tables.JOINT)
TOKEN_LOGS = [TRAINING / f"{name}.log.jsonl" for name in TOKENS]
LOG, VQA_LOG = TRAINING / "cotam-s.log.jsonl", TRAINING / "levelvqa.log.jsonl"
MODEL = Path("src", "cotam", "weights", "cotam-s.safetensors")
JOINT_MODELS = [MODEL.with_name(f"cotam-s-{setting}.safetensors") for setting in ("d2", "d3", "joint")]
PART = re.compile(r"(<!-- begin:(?P<name>[a-z0-9-]+) -->\n).*?(<!-- end:(?P=name) -->)", re.DOTALL)

CURVES: dict[Path, tuple[Path, Callable[[Path, Path], None]]] = {
    TRAINING / "cotam-s.png": (LOG, training_curve.draw),
    TRAINING / "elic-s.png": (ELIC_LOG, training_curve.draw),
    TRAINING / "cotam-s-short.png": (SHORT_LOG, training_curve.draw),
    TRAINING / temporal_tables.CURVE: (TEMPORAL_LOG, temporal_tables.draw),
    TRAINING / levelvqa_tables.CURVE: (VQA_LOG, levelvqa_tables.draw),
    TRAINING / clips_tables.CURVE: (CLIPS_LOG, clips_tables.draw),
    **{adapter_tables.curve_of(log): (log, adapter_tables.draw) for log in TOKEN_LOGS},
}
"""Every training curve: the log that it shows, and how it is drawn."""

Source = tuple[Path, Callable[[Path], str]]
PARTS: dict[str, Source] = {
    "rate": (RESULTS / "kodak_rate.json", tables.rate),
    "rate-curve": (RESULTS / "kodak_rate.json", tables.rate_curve),
    "regularity": (RESULTS / "kodak_rate.json", tables.regularity),
    "speed": (RESULTS / "speed.json", speed_tables.brief),
    "speed-ratios": (RESULTS / "speed.json", speed_tables.ratios),
    "speed-stages": (RESULTS / "speed.json", speed_tables.stages),
    "speed-floor": (RESULTS / "speed.json", speed_tables.floor),
    "speed-sizes": (RESULTS / "speed.json", speed_tables.sizes),
    "speed-batches": (RESULTS / "speed.json", speed_tables.batches),
    "speed-memory": (RESULTS / "speed.json", speed_tables.memory),
    "speed-settings": (RESULTS / "speed.json", speed_tables.settings),
    "exactness-peers": (RESULTS / "peers.json", tables.exactness_of_peers),
    "exactness": (RESULTS / "exactness.json", tables.exactness),
    "exactness-avx2": (RESULTS / "exactness_avx2.json", tables.exactness),
    "exactness-joint": (RESULTS / "exactness_joint.json", tables.exactness),
    "conformance": (RESULTS / "conformance.json", tables.conformance),
    "fuzz": (RESULTS / "fuzz.json", tables.fuzz),
    "memory-growth": (RESULTS / "memory_growth.json", tables.memory_growth),
    "robustness": (RESULTS / "robustness.json", tables.robustness),
    "guidance-moved": (RESULTS / "guidance.json", guidance_tables.moved),
    "guidance-side": (RESULTS / "guidance.json", guidance_tables.side),
    "guidance-search": (RESULTS / "guidance_search.json", guidance_tables.search),
    "guidance-time": (RESULTS / "guidance.json", guidance_tables.time),
    "analysis-setup": (RESULTS / "analysis.json", analysis_tables.setup),
    "analysis-findings": (RESULTS / "analysis.json", analysis_tables.findings),
    "analysis-stages": (RESULTS / "analysis.json", analysis_tables.stages),
    "analysis-blocks": (RESULTS / "analysis.json", analysis_tables.blocks),
    "analysis-similarity": (RESULTS / "analysis.json", analysis_tables.similarity),
    "analysis-accuracy": (RESULTS / "analysis.json", analysis_tables.accuracy),
    "analysis-worst": (RESULTS / "analysis.json", analysis_tables.worst),
    "clips-answers": (RESULTS / "clips.json", clips_tables.answers),
    "video-memory": (RESULTS / "video_memory.json", temporal_tables.memory),
    "clips-kept": (RESULTS / "levelvqa-clips.json", clips_tables.kept),
    "clips-training": (CLIPS_LOG, clips_tables.training),
    "clips-guidance": (RESULTS / "clips.json", clips_tables.guidance),
    "base-codecs": (RESULTS / "base_codecs.json", base_codec_tables.complexity),
    "equal-time": (RESULTS / "equal_time.json", base_codec_tables.equal_time),
    "elic-parts": (RESULTS / "base_codecs.json", base_codec_tables.parts),
    "elic-equality": (RESULTS / "elic_equality.json", base_codec_tables.equality),
    "model-card": (MODEL, tables.model_card),
    "export": (TRAINING / "cotam-s.export.json", tables.export),
    "training": (LOG, training_curve.summary),
    "levelvqa-accuracy": (RESULTS / "levelvqa.json", levelvqa_tables.accuracy),
    "levelvqa-training": (VQA_LOG, levelvqa_tables.training),
    "levelvqa-adapter": (TRAINING / "levelvqa-adapter.log.jsonl", adapter_tables.adapter),
    adapter_tables.JOINT: (TRAINING / f"{adapter_tables.JOINT}.log.jsonl", adapter_tables.adapter),
    "adapter-ablations": (TRAINING / "levelvqa-adapter.log.jsonl", adapter_tables.ablations),
    **{name: (TRAINING / f"{name}.log.jsonl", adapter_tables.neck) for name in adapter_tables.NECKS},
    **{f"card-{path.stem}": (path, tables.model_card) for path in JOINT_MODELS},
    "adapter-step": (RESULTS / "adapter_step.json", adapter_tables.step),
    "analysis-memory": (RESULTS / "analysis_memory.json", adapter_tables.analysis_memory),
    "scale-uplink": (RESULTS / "uplink.json", scale_tables.uplink),
    "scale-transcoding": (RESULTS / "transcode.json", scale_tables.throughput),
    "scale-sizing": (RESULTS / "uplink.json", scale_tables.sizing),
    "scale-decades": (RESULTS / "uplink.json", scale_tables.decades),
    "serving-load": (RESULTS / "serving.json", serving_tables.load_over_loopback),
    "edge-speed": (RESULTS / "edge.json", edge_tables.speed),
    "edge-precision": (RESULTS / "edge.json", edge_tables.precision),
    "accuracy-brief": (RESULTS / "reproduce.json", accuracy_tables.brief),
    "temporal-rates": (RESULTS / "video.json", temporal_tables.rates),
    "temporal-intervals": (RESULTS / "video.json", temporal_tables.intervals),
    "temporal-accuracy": (RESULTS / "video_accuracy.json", temporal_tables.accuracy),
    "temporal-training": (TEMPORAL_LOG, temporal_tables.training),
    "lmms": (RESULTS / "lmms.json", accuracy_tables.lmms),
    "jpeg-share": (RESULTS / "jpeg_share.json", accuracy_tables.by_level),
    "reading": (RESULTS / "reading.json", reading_tables.rates),
    "reading-kinds": (RESULTS / "reading.json", reading_tables.kinds),
}
"""Every generated part: the result that it is made from, and how."""


def filled(page: str, root: Path) -> str:
    """A page's text with all its parts made anew.

    Raises:
        KeyError: the page names a part that is not in `PARTS`.
    """
    return PART.sub(lambda match: match[1] + part(match["name"], root) + "\n" + match[3], page)


def part(name: str, root: Path) -> str:
    """The text of one part; a plain statement where its result is not there yet."""
    path, write = PARTS[name]
    return write(root / path) if (root / path).is_file() else f"*Not measured yet ({path.as_posix()}).*"


def pages(root: Path) -> list[Path]:
    """The pages that can have parts."""
    return [root / "README.md", *sorted((root / "docs").glob("*.md"))]


def outdated(root: Path) -> list[Path]:
    """Pages and training curves that do not show the results as they are."""
    found = [page for page in pages(root) if filled(page.read_text("utf-8"), root) != page.read_text("utf-8")]
    for curve, (log, _) in CURVES.items():
        if (root / log).is_file() and not training_curve.is_drawn_from(root / curve, root / log):
            found.append(root / curve)
    return found


def rebuild(root: Path) -> None:
    """Bring everything up to date."""
    for page in outdated(root):
        if page.relative_to(root) in CURVES:
            log, draw = CURVES[page.relative_to(root)]
            draw(root / log, page)
        else:
            page.write_text(filled(page.read_text("utf-8"), root), "utf-8")
        print(f"{page.relative_to(root)}: written")


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 if a page is not up to date"
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    options = parser.parse_args()
    if not options.check:
        rebuild(options.root)
        return 0
    for page in (found := outdated(options.root)):
        print(f"{page.relative_to(options.root)}: not up to date, run python docs/build.py", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
