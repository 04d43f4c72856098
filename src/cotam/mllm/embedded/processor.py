"""What comes before the embedded LLaVA: pictures and conversations in, tensors out."""

from typing import TYPE_CHECKING, Any, Final

from cotam.mllm.embedded.sizes import EmbeddedSizes
from cotam.vision.clip import Clip
from cotam.vision.weights import import_transformers

if TYPE_CHECKING:
    from transformers import LlavaProcessor, PreTrainedTokenizerFast

CHAT_TEMPLATE: Final = """\
{%- for message in messages -%}
{%- if message.role != 'system' %}{{ {'user': 'USER:', 'assistant': ' ASSISTANT:'}[message.role] }}{% endif -%}
{%- if message.content is string %}{{ ' ' + message.content | trim }}
{%- else -%}
{%- for part in message.content -%}
{%- if part.type == 'text' %}{{ ' ' + part.text | trim }}
{%- else %}{{ '<image>' }}{% endif -%}
{%- endfor -%}
{%- endif -%}
{%- if message.role == 'assistant' %}{{ '</s>' }}{% endif -%}
{%- if message.role == 'system' %}{{ ' ' }}{% endif -%}
{%- endfor -%}
{%- if add_generation_prompt %}{{ ' ASSISTANT:' }}{% endif -%}
"""
"""``USER:<image> question ASSISTANT: answer</s>``, and so on turn by turn.

Every question and answer comes after a space, with or without a picture, so that its words are the same tokens.
"""


def build_processor(sizes: EmbeddedSizes, tokenizer: "PreTrainedTokenizerFast") -> "LlavaProcessor":
    """Build the processor of the embedded LLaVA, with its chat template.

    Pictures are squashed to the input size, so that nothing is cropped away, and normalised with CLIP's constants.

    Args:
        sizes: of the model.
        tokenizer: from `build_tokenizer`.

    Raises:
        ModelError: transformers is not installed.
    """
    transformers = import_transformers()
    return transformers.LlavaProcessor(
        image_processor=build_image_processor(sizes),
        tokenizer=tokenizer,
        patch_size=sizes.patch,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT_TEMPLATE,
    )


def build_image_processor(sizes: EmbeddedSizes) -> Any:
    """Build the image processor that the embedded CLIP and LLaVA have in common."""
    side = {"height": sizes.image, "width": sizes.image}
    return import_transformers().CLIPImageProcessorPil(
        size=side,
        crop_size=side,  # what LLaVA counts its tokens by
        do_center_crop=False,
        default_to_square=True,
        image_mean=list(Clip.mean),
        image_std=list(Clip.std),
    )
