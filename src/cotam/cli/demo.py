"""``cotam demo``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli import options

if TYPE_CHECKING:
    from rich.table import Table

    from cotam.codec import Guide
    from cotam.evaluation.scene_comparison import Answered, SceneComparison
    from cotam.mllm import Mllm

PAGE, STREAM, SCENE = "cotam-demo.png", "cotam-demo.cotam", "cotam-demo-scene.png"
DEMO_BYTES = 1600
"""A budget at which JPEG can just be made of most scenes of 224 x 224; 0.26 bits per pixel."""
RIGHT, WRONG = "green", "red"
QUESTION_WIDTH = 12
"""Room for the longest word of a question."""


def demo(
    folder: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write page, scene and stream.")
    ] = Path(),
    seed: Annotated[
        int, typer.Option("--seed", min=0, metavar="N", help="Which of LevelVQA's test scenes.")
    ] = 0,
    target_bytes: Annotated[
        int, typer.Option("--target-bytes", min=1, metavar="N", help="What every method may spend.")
    ] = DEMO_BYTES,
    mllm: Annotated[
        str | None,
        typer.Option("--mllm", metavar="NAME|DIR", help="Who answers; by default the embedded model."),
    ] = None,
    adapter: Annotated[
        str | None,
        typer.Option(
            "--adapter", metavar="NAME|FILE", help="A latent adapter, or none; by default the one that ships."
        ),
    ] = None,
    model: options.Model = options.DEFAULT_MODEL,
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """Code a scene with JPEG, AVIF and cotam in as many bytes, and ask a multimodal LLM what it still sees.

    Writes cotam-demo.png, the scene and its guided stream. Without a model that answers, a photograph is coded and
    compared by eye instead.
    """
    from cotam.cli.console import working

    folder.mkdir(parents=True, exist_ok=True)
    missing = _missing() if mllm is None else None
    if missing is not None:
        from cotam.cli.demo_photograph import show_photograph

        return show_photograph(folder, target_bytes, model, threads, as_json, missing)
    with working("loading the models"):
        compared = _Loaded.of(mllm, adapter, model, threads)
    comparison = compared.compare(seed, target_bytes)
    _write(folder, comparison)
    _tell(folder, comparison, as_json)
    return None


def _missing() -> str | None:
    """Why nobody can answer; None if the embedded model can."""
    from importlib.util import find_spec

    from cotam.mllm.shipped import is_embedded_there

    if not is_embedded_there():
        return "the embedded multimodal LLM does not ship with this cotam; name another with --mllm"
    if find_spec("transformers") is None:
        return "transformers is not installed; pip install 'cotam[vision]'"
    return None


class _Loaded:
    """The models of the demo."""

    def __init__(self, mllm: "Mllm", codec: Any, guide: "Guide") -> None:
        self._mllm, self._codec, self._guide = mllm, codec, guide

    @staticmethod
    def of(name: str | None, adapter: str | None, model: str, threads: int | None) -> "_Loaded":
        """Load codec, MLLM with an adapter if there is one, and the MLLM's tower for guidance.

        Raises:
            ModelError: one of them cannot be loaded, or they do not fit each other.
        """
        from cotam import load_codec, load_mllm
        from cotam.codec import Guide
        from cotam.evaluation.methods.ablations import DEEP
        from cotam.evaluation.methods.cotam import guide_named
        from cotam.guidance import TowerGuidance
        from cotam.vision import load_tower

        codec = load_codec(model, threads=threads)
        mllm = load_mllm(name, adapter=options.chosen_adapter(adapter), codec=codec)
        guide = guide_named(DEEP) if name is None else Guide(TowerGuidance(load_tower(name)))
        return _Loaded(mllm, codec, guide)

    def compare(self, seed: int, budget: int) -> "SceneComparison":
        """Make the comparison, saying on a terminal how far it is."""
        from cotam.cli.console import working
        from cotam.evaluation.scene_comparison import compare_scene
        from cotam.levelvqa import scene, split_seeds

        drawn = scene(split_seeds("test", 1, seed)[0])
        with working("asking about the original") as update:
            return compare_scene(
                drawn,
                budget,
                self._mllm,
                self._codec,
                self._guide,
                lambda method: update(f"coding and asking: {method}"),
            )


def _write(folder: Path, comparison: "SceneComparison") -> None:
    import io

    from cotam.cli.files import write_output
    from cotam.evaluation.scene_comparison_png import scene_comparison_png

    buffer = io.BytesIO()
    comparison.scene.image.save(buffer, "PNG")
    write_output(str(folder / SCENE), buffer.getvalue())
    write_output(str(folder / STREAM), comparison.stream)
    write_output(str(folder / PAGE), scene_comparison_png(comparison))


def _tell(folder: Path, comparison: "SceneComparison", as_json: bool) -> None:
    from cotam.cli.console import output, print_json, say

    if as_json:
        print_json(comparison.to_dict())
        return
    output().print(answers_table(comparison))
    for method in comparison.methods:
        if not method.fits:
            say(
                f"{method.method} cannot be made smaller for this scene, and is over {comparison.budget:,} bytes"
            )
    for name, why in comparison.missing.items():
        say(f"{name} is left out: {why}")
    question = comparison.questions[0].text
    print(
        f"\n{folder / PAGE} shows the pictures and where guidance spends its bytes. Next, try:\n"
        f"  cotam info {folder / STREAM}\n"
        f'  cotam ask {folder / STREAM} "{question}"\n'
        "  cotam demo --seed 1\n"
        "  cotam compare photo.jpg -o page.html"
    )


def answers_table(comparison: "SceneComparison") -> "Table":
    """Questions and truth, and each method's answers; wrong ones are marked."""
    from rich.table import Table

    from cotam.cli.console import escaped

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("question", min_width=QUESTION_WIDTH)
    for heading in ("truth", *(method.method for method in comparison.methods)):
        table.add_column(heading)
    table.add_row("bytes", "", *map(_size_cell, comparison.methods), style="bold")
    for number, question in enumerate(comparison.questions):
        cells = [
            _cell(escaped(method.answers[number]), method.right[number]) for method in comparison.methods
        ]
        table.add_row(question.text, question.answer, *cells)
    shares = [f"{sum(method.right)} of {len(method.right)}" for method in comparison.methods]
    table.add_row("right answers", "", *shares, style="bold")
    return table


def _size_cell(method: "Answered") -> str:
    if method.data is None:
        return "-"
    size = f"{len(method.data):,}"
    return size if method.fits else f"[{WRONG}]✗{size}[/]"


def _cell(answer: str, right: bool) -> str:
    return f"[{RIGHT}]{answer}[/]" if right else f"[{WRONG}]✗{answer or '-'}[/]"
