"""Counting tokens of prompts and answers, as the model's own processor makes them."""

from typing import TYPE_CHECKING, Any

from cotam.serving.prompts import Prompt

if TYPE_CHECKING:
    from cotam.mllm import Mllm


def prompt_tokens(mllm: "Mllm", prompt: Prompt) -> int:
    """Tokens of a prompt with its pictures; those of pictures only where the processor can tell (`transformers`)."""
    messages = [{**message, "content": _bare(message["content"])} for message in prompt.messages]
    text = mllm.processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    return text_tokens(mllm, text) + sum(tokens - 1 for tokens in _picture_tokens(mllm, prompt))


def text_tokens(mllm: "Mllm", text: str) -> int:
    """Tokens of a text, without those that begin and end a sequence."""
    return len(mllm.processor.tokenizer(text, add_special_tokens=False)["input_ids"])


def _bare(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "image"} if part["type"] == "image" else part for part in parts]


def _picture_tokens(mllm: "Mllm", prompt: Prompt) -> list[int]:
    count = getattr(mllm.processor, "_get_num_multimodal_tokens", None)  # what vLLM asks processors with
    if count is None or not prompt.sizes:
        return []
    return list(count(image_sizes=[list(size) for size in prompt.sizes]).num_image_tokens)
