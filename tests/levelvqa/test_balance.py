"""No answer is more likely than it should be, and the words of a question do not give it away."""

import math
from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from cotam.levelvqa.baselines import Guesser, measure_baselines
from cotam.levelvqa.questions import FAMILIES
from cotam.levelvqa.splits import SPLITS
from cotam.levelvqa.vocabulary import (
    BACKGROUNDS,
    COLOURS,
    DIGITS,
    KINDS,
    ORIENTATIONS,
    RELATIONS,
    WORDS,
)

TRAIN, TEST = 5000, 3000
MOST_GAIN = 3.0
"""Points that a text-only strategy may be better than the most frequent answer."""

LOWER_WORDS = tuple(word.lower() for word in WORDS)
ANSWERS = {
    "large_word": LOWER_WORDS,
    "main_colour": tuple(COLOURS),
    "stripes": ORIENTATIONS,
    "digit": DIGITS,
    "count": tuple("123456789"),
    "small_word": LOWER_WORDS,
    "relation": RELATIONS,
    "object_colour": tuple(COLOURS),
    "coloured_object": KINDS,
    "background": BACKGROUNDS,
    "exists": ("yes", "no"),
    "most_frequent": KINDS,
}


def questions(drawn):
    return [question for _, questions in drawn for question in questions]


@pytest.fixture(scope="module")
def train(drawn):
    return questions(drawn(TRAIN))


@pytest.fixture(scope="module")
def unseen(drawn):
    return questions(drawn(TEST, start=SPLITS["test"].start))


@pytest.mark.parametrize("tiles", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_answers_are_uniform(drawn, family, tiles):
    """Chi-square within five standard deviations of what uniform answers give."""
    asked = questions(drawn(3000, tiles=tiles))
    counts = Counter(question.answer for question in asked if question.family == family)
    expected = counts.total() / len(ANSWERS[family])
    statistic = sum((counts[answer] - expected) ** 2 / expected for answer in ANSWERS[family])
    freedom = len(ANSWERS[family]) - 1
    assert set(counts) == set(ANSWERS[family])
    assert statistic < freedom + 5 * math.sqrt(2 * freedom)


def test_the_text_of_a_question_does_not_give_its_answer_away(train, unseen):
    rows = measure_baselines(train, unseen)
    assert [row.family for row in rows] == list(FAMILIES)
    for row in rows:
        assert row.blind <= row.majority + MOST_GAIN, row


def test_nor_do_its_words_taken_together(train, unseen):
    """A naive Bayes guesser sees more in fewer questions than one that knows whole texts only."""
    guesser, bayes = Guesser(train), NaiveBayes(train)
    for family in FAMILIES:
        asked = [question for question in unseen if question.family == family]
        majority = sum(question.answer == guesser.majority(family) for question in asked)
        blind = sum(question.answer == bayes.guess(question) for question in asked)
        assert blind <= majority + MOST_GAIN / 100 * len(asked), family


def test_a_text_that_gives_its_answer_away_is_found_out(train, unseen):
    """So that the tests above can fail."""

    def leaking(questions):
        return [replace(question, text=f"{question.text} {question.answer}") for question in questions]

    rows = measure_baselines(leaking(train), leaking(unseen[:2000]))
    assert all(row.blind > row.majority + MOST_GAIN for row in rows)
    bayes = NaiveBayes(leaking(train))
    assert all(bayes.guess(question) == question.answer for question in leaking(unseen[:300]))


class NaiveBayes:
    """Guesses from how often words go with answers."""

    def __init__(self, train):
        self.answers = defaultdict(Counter)
        self.words = defaultdict(Counter)
        for question in train:
            self.answers[question.family][question.answer] += 1
            for word in question.text.split():
                self.words[question.family, question.answer][word] += 1

    def guess(self, question):
        answers = self.answers[question.family]

        def likelihood(answer):
            count, words = answers[answer], self.words[question.family, answer]
            return math.log(count) + sum(
                math.log((words[word] + 1) / (count + 2)) for word in question.text.split()
            )

        return max(answers, key=likelihood)
