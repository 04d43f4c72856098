"""``cotam levelvqa answer``: a model's answers on scenes, beside what can be had without looking."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli.console import output, plural, print_json, say
from cotam.cli.files import check_output, unwritable_is_bad_use
from cotam.cli.levelvqa_options import BASELINE_SCENES, Size, Split, Start, Variant, progress_bar
from cotam.cli.levelvqa_tables import answered_table
from cotam.cli.options import Device, Json, Threads

if TYPE_CHECKING:
    from cotam.levelvqa.answering import Answered


def answer(
    mllm: Annotated[
        str | None, typer.Option(metavar="NAME|DIR", help="Hub id or folder; by default the embedded model.")
    ] = None,
    num: Annotated[int, typer.Option(metavar="N", help="How many scenes are asked about.")] = 2000,
    split: Split = "test",
    seed_start: Start = 0,
    size: Size = 224,
    variant: Variant = "standard",
    batch: Annotated[int, typer.Option(min=1, metavar="N", help="Questions answered at a time.")] = 64,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the answers, for score.")
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the figures as JSON.")] = None,
    device: Device = None,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Let a model answer, and print its accuracy beside the majority and the blind baseline."""
    from cotam import load_mllm
    from cotam.levelvqa import scene, split_seeds
    from cotam.levelvqa.answer_files import write_answers
    from cotam.levelvqa.answering import answer_scenes
    from cotam.levelvqa.questions import questions_of
    from cotam.levelvqa.sampling import sample_graph

    for path in (out, report):
        if path is not None:
            check_output(str(path), "")
    seeds = split_seeds(split, num, seed_start)
    if threads:
        import torch

        torch.set_num_threads(threads)
    model = load_mllm(mllm, adapter=None, device=device or "cpu")
    with progress_bar() as bar:
        task = bar.add_task("answering", total=num)
        said = answer_scenes(
            lambda asked: model.answer_batch(asked, batch_size=batch, max_new_tokens=8),
            (scene(seed, size, variant) for seed in seeds),
            lambda done: bar.advance(task, done),
        )
        known = split_seeds("train", BASELINE_SCENES)
        texts = [question for seed in known for question in questions_of(sample_graph(seed, size, variant))]
    measured = _measured(model.name, said, texts)
    if out is not None:
        with unwritable_is_bad_use():
            write_answers(out, said.answers.items())
    if report is not None:
        _write_report(report, measured)
    if json:
        print_json(measured)
    else:
        output().print(answered_table(measured))
        say(f"{plural(len(said.questions), 'question')}, {measured['seconds_per_question']:.3f} s each")


def _measured(name: str, said: "Answered", texts: list[Any]) -> dict[str, Any]:
    from cotam.levelvqa.baselines import measure_baselines
    from cotam.levelvqa.scoring import score

    return {
        "mllm": name,
        "seconds_per_question": said.seconds / len(said.questions),
        **asdict(score(said.answers, said.questions)),
        "baselines": [asdict(row) for row in measure_baselines(texts, said.questions)],
    }


def _write_report(path: Path, measured: dict[str, Any]) -> None:
    from cotam.evaluation.reports import new_report, write_report

    with unwritable_is_bad_use():
        write_report(path, new_report("levelvqa") | measured)
