"""The model that lmms-eval runs: an MLLM behind a coded channel. Needs lmms-eval."""

import time
from collections.abc import Sequence
from typing import Any, Final

from lmms_eval.api.model import lmms
from lmms_eval.models.model_utils.gen_metrics import log_metrics
from lmms_eval.protocol import ChatMessages
from tqdm import tqdm

from cotam.checkpoint.registry import DEFAULT_MODEL
from cotam.evaluation.lmms.relay import Relay, chosen_rate
from cotam.evaluation.methods import load_methods
from cotam.evaluation.mllm_answerers import MllmAnswerers
from cotam.mllm import load_mllm

ANSWER_TOKENS: Final = 128
"""Where a task says nothing."""
COMMA: Final = ";"
"""Stands for a comma inside ``method``, since lmms-eval parts its model arguments at commas."""


class CotamModel(lmms):  # type: ignore[misc]
    """Encodes and decodes every image on the way into an MLLM of transformers.

    ``lmms-eval --model cotam --model_args pretrained=llava-hf/llava-1.5-7b-hf,method=cotam-s+adapter,bpp=0.1``
    """

    is_simple = False

    def __init__(
        self,
        pretrained: str | None = None,
        method: str = "cotam-s",
        quality: float | None = None,
        bpp: float | None = None,
        model: str = DEFAULT_MODEL,
        device: str | None = None,
        **ignored: Any,
    ) -> None:
        """Load the parts.

        Args:
            pretrained: the MLLM, as `load_mllm` takes it; None or "levelvqa" is the one that ships.
            method: as `cotam.evaluation.methods` names it; a semicolon stands for a comma.
            quality: 1 to 100 on the method's scale.
            bpp: instead, bits per pixel that no image may exceed.
            model: name or file of cotam's weights.
            device: where the MLLM runs.
            ignored: batch sizes, which lmms-eval hands to every model.

        Raises:
            CotamError: a part cannot be loaded.
            ValueError: the method is unknown, or the rate is none.
        """
        super().__init__()
        chosen = load_methods([method.replace(COMMA, ",")], model)[0]
        self.relay = Relay(chosen, chosen_rate(chosen, quality, bpp))
        answerers = MllmAnswerers(load_mllm(pretrained, adapter=None, device=device or "cpu"))
        self.mllm = answerers.name
        self._answerer = answerers.answerer(chosen.mode, chosen.adapter, chosen.stream_codec)

    def generate_until(self, requests: Sequence[Any]) -> list[str]:
        """Answer lmms-eval's requests, in order."""
        began = time.perf_counter()
        answers = [self._answer(request) for request in tqdm(requests, desc="Model Responding")]
        log_metrics(time.perf_counter() - began, 0, 0.0, {"bpp": self.relay.bpp})
        return answers

    def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
        """Not there: the model answers in words."""
        raise NotImplementedError("cotam: tasks that score given answers are not supported")

    def generate_until_multi_round(self, requests: Sequence[Any]) -> list[str]:
        """Not there."""
        raise NotImplementedError("cotam: tasks of several rounds are not supported")

    def _answer(self, request: Any) -> str:
        _, to_messages, options, number, task, split = request.args
        document = self.task_dict[task][split][number]
        messages = ChatMessages(messages=to_messages(document)).to_hf_messages()
        limit = int(options.get("max_new_tokens", ANSWER_TOKENS))
        return until(self._answerer.chat(self.relay.sent(messages), limit), options.get("until"))


def until(text: str, stops: str | Sequence[str] | None) -> str:
    """Cut a text where the first of these strings begins."""
    for stop in [stops] if isinstance(stops, str) else stops or ():
        text = text.split(stop)[0] if stop else text
    return text
