"""``cotam levelvqa``: export scenes, score answers, show scenes, and what can be answered without looking."""

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cotam.cli.console import output, plural, print_json, say
from cotam.cli.files import check_output, unwritable_is_bad_use
from cotam.cli.levelvqa_answer import answer
from cotam.cli.levelvqa_options import BASELINE_SCENES, Photographs, Size, Split, Start, Variant, progress_bar
from cotam.cli.levelvqa_tables import baselines_table, report_table
from cotam.cli.options import Json

if TYPE_CHECKING:
    from cotam.levelvqa.questions import Question

app = typer.Typer(
    help="An embedded world of pictures and graded questions.", no_args_is_help=True, add_completion=False
)

app.command(epilog="Example: cotam levelvqa answer --num 2000 --out answers.jsonl")(answer)


@app.command(epilog="Example: cotam levelvqa export --split test --num 2000 --out scenes")
def export(
    num: Annotated[int, typer.Option(metavar="N", help="How many scenes.")],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder: new, empty, or of this export unfinished.")
    ],
    split: Split = "test",
    seed_start: Start = 0,
    size: Size = 224,
    variant: Variant = "standard",
    photographs: Photographs = None,
    formats: Annotated[
        str,
        typer.Option(
            "--format", metavar="NAME,…", help="Of jsonl, parquet, llava, lmms (a task of lmms-eval)."
        ),
    ] = "jsonl,parquet,llava",
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes that draw; by default one a core.")
    ] = None,
) -> None:
    """Write pictures as PNG and their questions as JSON lines, Parquet and LLaVA conversations."""
    from cotam.levelvqa.export import ExportPlan
    from cotam.levelvqa.export import export as write

    names = tuple(dict.fromkeys(name.strip() for name in formats.split(",") if name.strip()))
    folder = str(photographs) if photographs else None
    plan = ExportPlan(split, num, seed_start, size, variant, names, folder)
    with progress_bar() as progress:
        task = progress.add_task("drawing", total=num)
        count = write(plan, out, workers or os.cpu_count() or 1, lambda done: progress.advance(task, done))
    say(f"{out}: {plural(num, 'scene')}, {plural(count, 'question')}")


@app.command(epilog="Example: cotam levelvqa score answers.jsonl --json")
def score(
    answers: Annotated[
        Path, typer.Argument(metavar="ANSWERS", help='Lines of {"id": "17-count", "answer": "3"}.')
    ],
    questions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="questions.jsonl of an export; by default the ids tell what was asked."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Compare answers with the truth: accuracy by family, level and overall, with 95 % intervals over scenes."""
    from cotam.levelvqa.answer_files import read_answers, read_questions
    from cotam.levelvqa.scoring import score as compare

    asked = read_questions(questions) if questions else None
    report = compare(*read_answers(answers, asked))
    if json:
        print_json(asdict(report))
    else:
        output().print(report_table(report))


@app.command(epilog="Example: cotam levelvqa show --num 8 -o sheet.png")
def show(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Picture to write.")],
    num: Annotated[int, typer.Option(min=1, max=200, metavar="N", help="How many scenes.")] = 12,
    split: Split = "test",
    seed_start: Start = 0,
    size: Size = 224,
    variant: Variant = "standard",
    photographs: Photographs = None,
) -> None:
    """Draw a contact sheet: scenes with their questions and answers beside them."""
    from cotam.images import save_image_atomically
    from cotam.levelvqa import scene, split_seeds
    from cotam.levelvqa.contact_sheet import contact_sheet
    from cotam.levelvqa.photographs import load_photographs

    check_output(str(out), "")
    seeds = split_seeds(split, num, seed_start)
    pictures = load_photographs(photographs) if photographs else None
    sheet = contact_sheet([scene(seed, size, variant, pictures) for seed in seeds])
    with unwritable_is_bad_use():
        save_image_atomically(sheet, out)
    say(f"{out}: {plural(num, 'scene')}")


@app.command(epilog="Example: cotam levelvqa baselines --num 2000")
def baselines(
    num: Annotated[int, typer.Option(metavar="N", help="How many scenes are asked about.")] = 2000,
    split: Split = "test",
    seed_start: Start = 0,
    train: Annotated[int, typer.Option(metavar="N", help="Training scenes to learn from.")] = BASELINE_SCENES,
    size: Size = 224,
    variant: Variant = "standard",
    json: Json = False,
) -> None:
    """Answer without looking: the most frequent answer of a family, and of a question's very text."""
    from cotam.levelvqa import split_seeds
    from cotam.levelvqa.baselines import measure_baselines

    known, asked = split_seeds("train", train), split_seeds(split, num, seed_start)
    if split == "train" and asked.start < known.stop:
        raise ValueError(
            f"baselines learn from training scenes 0 to {train - 1}: begin with --seed-start {train}"
        )
    with progress_bar() as progress:
        task = progress.add_task("sampling", total=train + num)

        def questions(seeds: range) -> "Iterator[Question]":
            from cotam.levelvqa import questions_of, sample_graph

            for seed in seeds:
                yield from questions_of(sample_graph(seed, size, variant))
                progress.advance(task)

        rows = measure_baselines(questions(known), questions(asked))
    if json:
        print_json([asdict(row) for row in rows])
    else:
        output().print(baselines_table(rows, num))
