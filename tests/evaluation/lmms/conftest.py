"""lmms-eval itself where it is installed; else as much of its documented interface as a model touches."""

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest


@dataclass(frozen=True)
class ModelManifest:
    model_id: str
    simple_class_path: str | None = None
    chat_class_path: str | None = None
    aliases: tuple[str, ...] = ()


class Lmms:
    is_simple = True

    def __init__(self) -> None:
        self.task_dict: dict[str, Any] = {}


class ChatMessages:
    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.messages = messages

    def to_hf_messages(self) -> list[dict[str, Any]]:
        return [
            {
                "role": message["role"],
                "content": [
                    {"type": "image", "image": part["url"]} if part["type"] == "image" else part
                    for part in message["content"]
                ],
            }
            for message in self.messages
        ]


STUBS = {
    "lmms_eval": {},
    "lmms_eval.api": {},
    "lmms_eval.api.model": {"lmms": Lmms},
    "lmms_eval.models": {},
    "lmms_eval.models.registry_v2": {"ModelManifest": ModelManifest},
    "lmms_eval.models.model_utils": {},
    "lmms_eval.models.model_utils.gen_metrics": {"log_metrics": lambda *_: None},
    "lmms_eval.protocol": {"ChatMessages": ChatMessages},
}


@pytest.fixture
def interface(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets `cotam.evaluation.lmms.model` be imported."""
    if find_spec("lmms_eval") is not None:
        return
    for name, values in STUBS.items():
        module = ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "cotam.evaluation.lmms.model", raising=False)
