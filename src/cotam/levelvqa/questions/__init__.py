"""Questions about a scene, in families graded by the level of the features that answer them."""

from cotam.levelvqa.questions.asking import (
    FAMILIES,
    QuestionId,
    find_family,
    parse_id,
    question_id,
    questions_of,
)
from cotam.levelvqa.questions.family import LEVELS, Family, Level, Question

__all__ = [
    "FAMILIES",
    "LEVELS",
    "Family",
    "Level",
    "Question",
    "QuestionId",
    "find_family",
    "parse_id",
    "question_id",
    "questions_of",
]
