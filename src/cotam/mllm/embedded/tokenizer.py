"""The tokenizer of both embedded models: byte-level BPE, learned from the texts that the models will see."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from cotam.vision.weights import import_transformers

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

IMAGE: Final = "<image>"
PADDING: Final = "<pad>"
START: Final = "<s>"
END: Final = "</s>"
SPECIAL: Final = (IMAGE, PADDING, START, END)
"""In the order of their numbers. The end must not be number 2: CLIP reads that as an old mistake of its files."""

ROLES: Final = "USER: ASSISTANT:"
"""What the chat template adds to every text, to be learned along with it."""


def build_tokenizer(texts: Iterable[str], vocabulary: int = 1024) -> "PreTrainedTokenizerFast":
    """Learn a byte-level BPE tokenizer; the same texts give the same tokenizer.

    Words that recur become single tokens together with the space before them. Every other text can still be written,
    byte by byte.

    Args:
        texts: questions, answers and captions, as often as they occur.
        vocabulary: largest number of tokens, the four special ones and 256 bytes included.

    Returns:
        A tokenizer that pads on the left and adds no special tokens by itself.

    Raises:
        ValueError: a vocabulary that has no room for every byte.
        ModelError: transformers is not installed.
    """
    transformers = import_transformers()
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    alphabet = pre_tokenizers.ByteLevel.alphabet()
    if vocabulary < len(SPECIAL) + len(alphabet):
        raise ValueError(
            f"vocabulary must be at least {len(SPECIAL) + len(alphabet)}, for every byte, not {vocabulary}"
        )
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        initial_alphabet=alphabet,
        special_tokens=list(SPECIAL),
        show_progress=False,
    )
    bpe.train_from_iterator(_with_roles(texts), trainer)
    return _dress(transformers, bpe, padding_side="left")


def restore_tokenizer(text: str) -> "PreTrainedTokenizerFast":
    """Return the tokenizer whose backend, as JSON, is `text`."""
    transformers = import_transformers()
    from tokenizers import Tokenizer

    return _dress(transformers, Tokenizer.from_str(text), padding_side="left")


def tokenizer_for_clip(tokenizer: "PreTrainedTokenizerFast", length: int) -> "PreTrainedTokenizerFast":
    """Return the same tokenizer as CLIP needs it: between start and end, cut to `length`, padded on the right."""
    transformers = import_transformers()
    from tokenizers import Tokenizer, processors

    bpe = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    bpe.no_padding()
    ends = [(token, tokenizer.convert_tokens_to_ids(token)) for token in (START, END)]
    bpe.post_processor = processors.TemplateProcessing(f"{START} $A {END}", None, ends)
    return _dress(transformers, bpe, padding_side="right", model_max_length=length)


def _dress(transformers: Any, bpe: Any, **options: Any) -> "PreTrainedTokenizerFast":
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token=START,
        eos_token=END,
        pad_token=PADDING,
        extra_special_tokens={"image_token": IMAGE},
        clean_up_tokenization_spaces=False,
        **options,
    )


def _with_roles(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield f" {text.strip()}"  # as the chat template writes it
        yield ROLES
