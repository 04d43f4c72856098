"""Pictures and questions as one packed sequence.

All questions on a picture share its tokens: each attends to the picture and to itself and to no other, and starts at
the same position, so that a packed sequence teaches exactly what a single question meets later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

IGNORED = -100
"""Target of tokens that are not answers."""
_QUESTION, _ANSWER = "\N{SQUARE FOUR CORNERS}", "\N{SQUARED SQUARE}"


@dataclass(frozen=True)
class Template:
    """A chat template taken apart; spaces belong to the words that they precede, as tokenizers have it.

    Args:
        prefix: tokens before a question, with one image token per picture token.
        before_question: text that a question begins with.
        before_answer: text between a question and the space before its answer.
        space: what an answer begins with.
        end: text after an answer.
    """

    prefix: tuple[int, ...]
    before_question: str
    before_answer: str
    space: str
    end: str


def take_apart(processor: Any, picture_tokens: int, pictures: int = 1) -> Template:
    """Find the pieces of a processor's chat template by rendering it once.

    Args:
        processor: with ``apply_chat_template``, ``tokenizer`` and ``image_token``.
        picture_tokens: tokens that a picture takes.
        pictures: how many there are before a question.
    """
    turns = [
        {"role": "user", "content": [*[{"type": "image"}] * pictures, {"type": "text", "text": _QUESTION}]},
        {"role": "assistant", "content": [{"type": "text", "text": _ANSWER}]},
    ]
    text = processor.apply_chat_template(turns, tokenize=False)
    before, rest = text.split(_QUESTION)
    between, end = rest.split(_ANSWER)
    prefix = before.rstrip(" ").replace(processor.image_token, processor.image_token * picture_tokens)
    tokens = processor.tokenizer(prefix, add_special_tokens=False).input_ids
    spaces = [part[len(part.rstrip(" ")) :] for part in (before, between)]
    return Template(tuple(tokens), spaces[0], between.rstrip(" "), spaces[1], end)


class Packed(NamedTuple):
    """One picture's questions in a row.

    Args:
        tokens: int64 (T,), questions and answers without the prefix.
        targets: int64 (T,), the token that follows where that belongs to an answer, else `IGNORED`.
        segments: int64 (T,), number of the question from 1 on; 0 is padding.
        positions: int64 (T,), as if each question stood alone after the prefix.
    """

    tokens: Tensor
    targets: Tensor
    segments: Tensor
    positions: Tensor


def pack(
    tokenizer: Any, template: Template, dialogue: Sequence[tuple[str, str]], length: int, first: int = 1
) -> Packed:
    """Pack (question, answer) pairs into ``length`` tokens; those that no longer fit are left out.

    Args:
        tokenizer: of the language model.
        template: its chat template, taken apart.
        dialogue: the pairs.
        length: tokens to fill.
        first: number of the first pair, from 1 on.
    """
    rows: list[tuple[int, int, int, int]] = []
    for number, (question, answer) in enumerate(dialogue, start=first):
        opening = template.before_question + question + template.before_answer
        asked = tokenizer(opening, add_special_tokens=False).input_ids
        whole = tokenizer(
            opening + template.space + answer + template.end, add_special_tokens=False
        ).input_ids
        if len(rows) + len(whole) > length:
            break
        for place, token in enumerate(whole):
            follows = whole[place + 1] if len(asked) - 1 <= place < len(whole) - 1 else IGNORED
            rows.append((token, follows, number, len(template.prefix) + place))
    rows += [(tokenizer.pad_token_id, IGNORED, 0, len(template.prefix))] * (length - len(rows))
    return Packed(*torch.tensor(rows, dtype=torch.int64).unbind(1))


def attention_mask(segments: Tensor, prefix: int) -> Tensor:
    """Which token sees which: bool (N, 1, prefix + T, prefix + T), True where attention is allowed.

    Args:
        segments: int64 (N, T) of `Packed`.
        prefix: tokens that every question sees.
    """
    whole = torch.nn.functional.pad(segments, (prefix, 0), value=-1)
    extent = whole.shape[1]
    causal = torch.ones(extent, extent, dtype=torch.bool, device=segments.device).tril()
    shared = (whole == -1)[:, None, :]
    same = whole[:, :, None] == whole[:, None, :]
    return ((same | shared) & causal)[:, None]
