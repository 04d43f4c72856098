"""A scene's comparison as one picture: what each method shows, and below it what the MLLM answers then."""

from typing import Final

from PIL import Image

from cotam.evaluation.scene_comparison import Answered, SceneComparison
from cotam.evaluation.sheet import ACCENT, FAINT, GOOD, INK, WARNING, Sheet
from cotam.guidance.drawing import heat_over

COLUMN, FIRST, TRUTH = 300, 590, 460
"""Width in pixels of a method's column, and of the first, with importance and questions; where in it the truth is."""
GAP, MARGIN, LINE, HEAD, NAME = 24, 40, 34, 110, 44
"""Pixels between and around columns, and heights of a line, of the title and of the names."""
TITLE_SIZE, NAME_SIZE, TEXT_SIZE = 38, 26, 21
NOTHING: Final = "-"
"""Stands for an empty answer."""
SAME: Final = 2
"""Lines between a picture and the answers: its bytes, and how many answers are right."""


def scene_comparison_png(comparison: SceneComparison) -> bytes:
    """Draw the page.

    Returns:
        A PNG file.
    """
    columns, rows = len(comparison.methods), SAME + len(comparison.questions) + bool(comparison.missing)
    width = 2 * MARGIN + FIRST + columns * (COLUMN + GAP)
    sheet = Sheet.of(width, 2 * MARGIN + HEAD + NAME + COLUMN + GAP + rows * LINE)
    title = "What is left of a scene, and what a multimodal LLM still answers"
    sheet.text((MARGIN, MARGIN - 8), title, TITLE_SIZE, INK, width - 2 * MARGIN)
    sheet.text((MARGIN, MARGIN + 46), _subtitle(comparison), TEXT_SIZE, FAINT, width - 2 * MARGIN)
    _draw_questions(sheet, comparison)
    for number, method in enumerate(comparison.methods):
        _draw_method(sheet, method, MARGIN + FIRST + GAP + number * (COLUMN + GAP))
    if comparison.missing:
        place = (MARGIN, _row(SAME + len(comparison.questions)) + LINE // 4)
        sheet.text(place, _left_out(comparison), TEXT_SIZE, FAINT, width - 2 * MARGIN)
    return sheet.to_png()


def _subtitle(comparison: SceneComparison) -> str:
    return (
        f"LevelVQA scene {comparison.scene.graph.seed}, {comparison.scene.image.width} x "
        f"{comparison.scene.image.height} pixels; every file within {comparison.budget:,} bytes where its codec can "
        f"make one so small. Answers by {comparison.mllm}."
    )


def _draw_questions(sheet: Sheet, comparison: SceneComparison) -> None:
    sheet.text((MARGIN, MARGIN + HEAD), "Importance, for guidance", NAME_SIZE, INK, FIRST)
    heat = heat_over(comparison.scene.image, comparison.importance)
    sheet.picture(heat, (MARGIN, MARGIN + HEAD + NAME), COLUMN, COLUMN)
    sheet.text((MARGIN, _row(1)), "right answers", TEXT_SIZE, FAINT, TRUTH)
    sheet.text((MARGIN + TRUTH, _row(1)), "truth", TEXT_SIZE, FAINT, FIRST - TRUTH)
    for number, question in enumerate(comparison.questions):
        sheet.text((MARGIN, _row(SAME + number)), question.text, TEXT_SIZE, INK, TRUTH)
        sheet.text((MARGIN + TRUTH, _row(SAME + number)), question.answer, TEXT_SIZE, INK, FIRST - TRUTH)


def _draw_method(sheet: Sheet, method: Answered, left: int) -> None:
    ours = method.method.startswith("cotam")
    sheet.text((left, MARGIN + HEAD), method.method, NAME_SIZE, ACCENT if ours else INK, COLUMN)
    picture = Image.fromarray(method.pixels)
    sheet.picture(picture, (left, MARGIN + HEAD + NAME), COLUMN, COLUMN)
    sheet.text((left, _row(0)), size_line(method), TEXT_SIZE, INK if method.fits else WARNING, COLUMN)
    share = f"{sum(method.right)} of {len(method.right)}"
    sheet.text((left, _row(1)), share, TEXT_SIZE, INK, COLUMN)
    for number, (answer, right) in enumerate(zip(method.answers, method.right, strict=True)):
        place = (left, _row(SAME + number))
        sheet.text(place, answer or NOTHING, TEXT_SIZE, GOOD if right else WARNING, COLUMN)


def size_line(method: Answered) -> str:
    """Bytes of a method's file, and whether they are more than asked for."""
    if method.data is None:
        return "not coded"
    size = f"{len(method.data):,} bytes"
    return size if method.fits else f"{size}: its smallest"


def _left_out(comparison: SceneComparison) -> str:
    return "; ".join(f"left out: {name}, as {why}" for name, why in comparison.missing.items())


def _row(number: int) -> int:
    """Top of a line below the pictures."""
    return MARGIN + HEAD + NAME + COLUMN + GAP // 2 + number * LINE
