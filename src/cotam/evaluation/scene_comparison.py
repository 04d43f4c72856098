"""One LevelVQA scene within one budget of bytes, coded in several ways, and what an MLLM still answers about it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cotam.codec import Codec, Guide
from cotam.errors import CotamError
from cotam.evaluation.methods.fitting import fitting
from cotam.evaluation.rivals import Pixels, load_rivals
from cotam.evaluation.rivals.cotam_s import CotamRival
from cotam.evaluation.rivals.rival import Rival
from cotam.levelvqa import Question, Scene
from cotam.levelvqa.normalising import normalised
from cotam.mllm import Mllm, Mode

RIVALS: Final = {"JPEG": "jpeg", "AVIF": "avif"}
"""Whom cotam is compared with: name for people, and name of the rival."""
ORIGINAL, PLAIN, GUIDED, ADAPTED = "original", "cotam", "cotam guided", "cotam guided + adapter"
ANSWER_TOKENS: Final = 8
"""Longest answer; the true ones are one word or number."""
Shown = Image.Image | bytes
Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Answered:
    """The scene as one method transmits it, and the answers that the MLLM gives then."""

    method: str
    """Name, for people."""
    data: bytes | None
    """The coded file; None for the original."""
    fits: bool
    """Whether it is within the budget; where not, it is the smallest that the codec can make."""
    pixels: Pixels
    """What it decodes to."""
    answers: list[str]
    """One a question, in their order."""
    right: list[bool]
    """Whether they are."""

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values."""
        size = None if self.data is None else len(self.data)
        bpp = None if size is None else 8 * size / (self.pixels.shape[0] * self.pixels.shape[1])
        told = {"method": self.method, "bytes": size, "bpp": bpp, "fits": self.fits}
        return {**told, "answers": self.answers, "right": sum(self.right)}


@dataclass(frozen=True, eq=False)
class SceneComparison:
    """A scene in several methods' hands, the original's first."""

    scene: Scene
    """The picture and its questions."""
    budget: int
    """Most bytes of a method's file."""
    mllm: str
    """Who answers."""
    guidance: str
    """What says where the guided streams spend their bytes."""
    importance: NDArray[np.float32]
    """What it says, (rows, columns)."""
    methods: list[Answered]
    """The original, then what came within the budget, or near."""
    missing: dict[str, str] = field(default_factory=dict)
    """Why methods were left out, by name."""

    @property
    def questions(self) -> tuple[Question, ...]:
        """What is asked."""
        return self.scene.questions

    @property
    def stream(self) -> bytes:
        """The guided stream."""
        return next(shown.data for shown in self.methods if shown.method == GUIDED and shown.data)

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values."""
        width, height = self.scene.image.size
        return {
            "seed": self.scene.graph.seed,
            "width": width,
            "height": height,
            "budget": self.budget,
            "mllm": self.mllm,
            "guidance": self.guidance,
            "importance": self.importance.astype(float).round(6).tolist(),
            "questions": [asdict(question) for question in self.questions],
            "methods": [method.to_dict() for method in self.methods],
            "missing": self.missing,
        }


def compare_scene(
    scene: Scene, budget: int, mllm: Mllm, codec: Codec, guide: Guide, on_start: Say = lambda _: None
) -> SceneComparison:
    """Code a scene within a budget in every way there is, and ask all its questions of each.

    Args:
        scene: picture and questions.
        budget: bytes that a file may take.
        mllm: who answers; with a latent adapter for ``codec``, that is one more method.
        codec: of cotam.
        guide: says where guided streams spend their bytes.
        on_start: called with each method's name before its work.
    """
    pixels = np.asarray(scene.image)
    work = _Work(scene, pixels, budget, mllm)
    methods, missing = [work.answered(ORIGINAL, None, True, pixels, scene.image)], dict[str, str]()
    for name, rival in _rivals(codec, guide):
        on_start(name)
        try:
            methods.append(work.coded(name, rival()))
        except CotamError as error:  # Pillow was built without the format
            missing[name] = str(error)
    on_start(ADAPTED)
    fitting = [one for one in mllm.adapters if one.card.codec.model_id == codec.model_id.hex()]
    if fitting and fitting[0].card.kind == "adapter":
        methods.append(work.adapted(methods[-1]))
    else:
        missing[ADAPTED] = f"there is no latent adapter for {mllm.name} and {codec.name}"
    values = guide.source.importance(pixels)
    return SceneComparison(scene, budget, mllm.name, guide.name, values, methods, missing)


def _rivals(codec: Codec, guide: Guide) -> Iterator[tuple[str, Callable[[], Rival]]]:
    for name, rival in RIVALS.items():
        yield name, lambda rival=rival: load_rivals([rival])[0]  # type: ignore[misc]
    yield PLAIN, lambda: CotamRival(codec)
    yield GUIDED, lambda: CotamRival(codec, guide=guide)


@dataclass(frozen=True)
class _Work:
    """What is the same for all methods."""

    scene: Scene
    pixels: Pixels
    budget: int
    mllm: Mllm

    def coded(self, name: str, rival: Rival) -> Answered:
        """Let a codec spend the budget, and show what it decodes to."""
        fitted = fitting(rival, self.pixels)(self.budget)
        decoded = rival.decode(fitted.data)
        return self.answered(name, fitted.data, fitted.fits, decoded, Image.fromarray(decoded))

    def adapted(self, guided: Answered) -> Answered:
        """Show the guided stream with its latents."""
        assert guided.data is not None
        return self.answered(ADAPTED, guided.data, guided.fits, guided.pixels, guided.data, "adapter")

    def answered(
        self, name: str, data: bytes | None, fits: bool, pixels: Pixels, shown: Shown, mode: Mode = "pixels"
    ) -> Answered:
        """Ask all questions about what is shown."""
        asked: Sequence[tuple[Shown, str]] = [(shown, question.text) for question in self.scene.questions]
        answers = self.mllm.answer_batch(asked, mode=mode, max_new_tokens=ANSWER_TOKENS)
        true = [normalised(question.answer) for question in self.scene.questions]
        right = [normalised(given) == answer for given, answer in zip(answers, true, strict=True)]
        return Answered(name, data, fits, pixels, answers, right)
