"""Measuring a plan: code, answer, keep; what is kept already is not measured again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import cosine_similarity

from cotam.evaluation.accuracy.cache import AnswerCache, Entry, block_key, digest_of
from cotam.evaluation.accuracy.coding import Coded, CodedScene, Task, coded
from cotam.evaluation.accuracy.plan import Plan, Rate
from cotam.evaluation.answerers import Answerer, Answerers, Given
from cotam.evaluation.methods import Method, Mode
from cotam.levelvqa import Question, Scene, scene

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Measured:
    """All that was measured."""

    plan: Plan
    methods: Sequence[Method]
    questions: Sequence[tuple[Question, ...]]
    """Of each scene."""
    entries: Mapping[tuple[str, Rate], Sequence[Entry]]
    """Of each method and rate: one entry a scene."""
    mllm: str
    """Name of the MLLM."""
    identities: Mapping[str, str]
    """Hash of what answers, by method."""


@dataclass
class _Block:
    """Scenes in hand."""

    scenes: list[Scene]
    digest: str
    compared: bool
    """Whether the similarity of tokens is measured."""
    originals: list[Tensor] = field(default_factory=list)
    """Tokens of the scenes as they are, once they are needed."""


def evaluate(
    plan: Plan,
    methods: Sequence[Method],
    answerers: Answerers,
    cache: AnswerCache,
    workers: int = 1,
    advance: Advance = lambda scenes: None,
) -> Measured:
    """Measure a plan.

    Args:
        plan: what to measure.
        methods: the plan's, loaded.
        answerers: of the MLLM.
        cache: where results are kept, and taken from.
        workers: processes that draw and code; the MLLM runs in this one.
        advance: told of scenes done, each once for every method and rate; see `scene_count`.

    Raises:
        ModelError: a method needs an adapter that is not there. This is found out before anything is coded.
    """
    work = _Work(plan, methods, answerers, cache, advance)
    for task, pictures in coded(plan, list(methods), work.tasks(), workers):
        work.answer(task, pictures)
    entries = {
        (method.name, rate): [entry for key in work.keys[method.name, rate] for entry in work.done[key]]
        for method in methods
        for rate in plan.rates(method)
    }
    identities = {
        method.name: answerer.identity for method, answerer in zip(methods, work.answerers, strict=True)
    }
    return Measured(plan, methods, work.questions, entries, answerers.name, identities)


def scene_count(plan: Plan, methods: Sequence[Method]) -> int:
    """How many scenes `evaluate` tells of in all."""
    return plan.num * sum(len(plan.rates(method)) for method in methods)


class _Work:
    """What one call of `evaluate` has in hand."""

    def __init__(
        self,
        plan: Plan,
        methods: Sequence[Method],
        answerers: Answerers,
        cache: AnswerCache,
        advance: Advance,
    ) -> None:
        self.plan, self.methods, self.cache, self.advance = plan, methods, cache, advance
        self._plain = answerers.answerer("pixels", None, None)
        self.answerers = _made(methods, answerers, self._plain)
        self.questions: list[tuple[Question, ...]] = []
        self.done: dict[str, list[Entry]] = {}
        self.keys: dict[tuple[str, Rate], list[str]] = {}
        self._blocks: dict[tuple[int, ...], _Block] = {}

    def tasks(self) -> Iterator[Task]:
        """What is not in the cache, block by block, so that scenes are drawn once for all methods."""
        for seeds in self.plan.blocks():
            block = self._drawn(seeds)
            wanted: dict[tuple[str, tuple[Rate, ...]], list[int]] = {}
            for number, method in enumerate(self.methods):
                wanted.setdefault((method.codec_settings, self._missing(number, block)), []).append(number)
            tasks = [Task(tuple(numbers), seeds, rates) for (_, rates), numbers in wanted.items() if rates]
            if tasks:
                self._blocks[seeds] = block
            yield from tasks

    def answer(self, task: Task, pictures: Coded) -> None:
        """Let the MLLM answer what one task coded, and keep it."""
        for seeds in [seeds for seeds in self._blocks if seeds < task.seeds]:
            del self._blocks[seeds]
        block = self._blocks[task.seeds]
        for number, by_rate in pictures.items():
            for rate, scenes in zip(task.rates, by_rate, strict=True):
                entries = self._entries(block, self.answerers[number], scenes)
                key = self._key(number, rate, block)
                self.cache.store(key, entries)
                self.done[key] = entries
                self.advance(len(entries))

    def _drawn(self, seeds: tuple[int, ...]) -> _Block:
        scenes = [scene(seed, self.plan.size, self.plan.variant) for seed in seeds]
        self.questions += [one.questions for one in scenes]
        return _Block(scenes, digest_of(scenes), self.plan.compares(seeds))

    def _missing(self, number: int, block: _Block) -> tuple[Rate, ...]:
        missing = []
        for rate in self.plan.rates(self.methods[number]):
            key = self._key(number, rate, block)
            self.keys.setdefault((self.methods[number].name, rate), []).append(key)
            found = self.cache.load(key)
            if found is None:
                missing.append(rate)
            else:
                self.done[key] = found
                self.advance(len(found))
        return tuple(missing)

    def _key(self, number: int, rate: Rate, block: _Block) -> str:
        identity = self.answerers[number].identity
        return block_key(self.methods[number], rate, block.digest, identity, block.compared)

    def _entries(self, block: _Block, answerer: Answerer, scenes: list[CodedScene]) -> list[Entry]:
        given = [_given(one) for one in scenes]
        asked = [
            (picture, question.text)
            for picture, one in zip(given, block.scenes, strict=True)
            for question in one.questions
        ]
        said = iter(answerer.answer_batch(asked))
        similarities = self._similarities(block, answerer, given)
        return [
            Entry(
                bytes=made.bytes,
                fits=made.fits,
                psnr=made.psnr,
                encode_seconds=made.encode_seconds,
                decode_seconds=made.decode_seconds,
                answers={question.family: next(said) for question in one.questions},
                similarity=similarity,
            )
            for made, one, similarity in zip(scenes, block.scenes, similarities, strict=True)
        ]

    def _similarities(
        self, block: _Block, answerer: Answerer, given: list[Given]
    ) -> list[list[float]] | list[None]:
        if not block.compared:
            return [None] * len(given)
        if not block.originals:
            block.originals = [self._plain.layer_tokens(one.image) for one in block.scenes]
        pairs = zip(block.originals, given, strict=True)
        return [_cosines(original, answerer.layer_tokens(picture)) for original, picture in pairs]


def _made(methods: Sequence[Method], answerers: Answerers, plain: Answerer) -> list[Answerer]:
    """An answerer for each method, those of one mode and adapter made once."""
    made: dict[tuple[Mode, str | None, bytes | None], Answerer] = {("pixels", None, None): plain}
    chosen = []
    for method in methods:
        codec = method.stream_codec
        key = method.mode, method.adapter, codec and codec.model_id
        if key not in made:
            made[key] = answerers.answerer(method.mode, method.adapter, codec)
        chosen.append(made[key])
    return chosen


def _given(made: CodedScene) -> Given:
    return made.shown if isinstance(made.shown, bytes) else Image.fromarray(made.shown)


@torch.no_grad()
def _cosines(original: Tensor, tokens: Tensor) -> list[float]:
    """Mean cosine of tokens (layers, T, D) to those of the original, by layer."""
    return [float(value) for value in cosine_similarity(original.double(), tokens.double(), dim=-1).mean(1)]
