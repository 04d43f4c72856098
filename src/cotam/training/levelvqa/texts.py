"""The texts that the tokenizer of a new model is learned from."""

from collections.abc import Iterator

from cotam.levelvqa.questions import questions_of
from cotam.levelvqa.sampling import sample_graph
from cotam.levelvqa.splits import SPLITS
from cotam.levelvqa.stream import Stream
from cotam.training.levelvqa.captions import caption

SCENES = 3000


def training_texts() -> Iterator[str]:
    """Questions, answers and captions of the first `SCENES` training scenes."""
    start = SPLITS["train"].start
    for seed in range(start, start + SCENES):
        graph = sample_graph(seed)
        for question in questions_of(graph):
            yield question.text
            yield question.answer
        yield caption(graph, Stream(seed, "caption", "0"))
