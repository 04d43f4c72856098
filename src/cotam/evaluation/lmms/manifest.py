"""What lmms-eval finds through the entry point group ``lmms_eval.models``."""

from typing import Any

MODEL = "cotam"
"""As in ``lmms-eval --model cotam --model_args pretrained=…,method=cotam-s,bpp=0.1``."""


def manifest() -> Any:
    """Describe the model; lmms-eval itself calls this."""
    from lmms_eval.models.registry_v2 import ModelManifest

    return ModelManifest(model_id=MODEL, chat_class_path="cotam.evaluation.lmms.model.CotamModel")
