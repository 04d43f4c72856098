"""Questions about pictures, of every family of models."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import cotam
from cotam.errors import BitstreamError, ImageError, ModelError
from cotam.mllm import Mllm, load_mllm
from cotam.mllm import work as module

FAMILIES = ("llava", "llava_next", "llava_onevision", "internvl")
every_family = pytest.mark.parametrize("family", FAMILIES)
Models = Callable[[str], Mllm]
TOKENS = 6


@pytest.fixture
def items(photos: list[Image.Image]) -> list[Any]:
    """Pictures of several sizes, one more than once, several at once, none; and questions of several lengths."""
    return [
        (photos[0], "how many stars are there?"),
        (photos[0], "red"),
        (photos[1], "what colour is the star?"),
        ([photos[1], photos[2]], "seven"),
        ([], "be short"),
        (photos[2], "red"),
    ]


@pytest.fixture(scope="session")
def stream(photos: list[Image.Image]) -> bytes:
    """A picture as the shipped codec encodes it."""
    return cotam.encode(photos[0], 60)


def looks(model: Any) -> list[int]:
    """How many pictures or tiles each run of the vision tower takes, from now on."""
    taken: list[int] = []
    tower = model.model.vision_tower
    tower.register_forward_pre_hook(
        lambda _, args, kwargs: taken.append(len(args[0] if args else kwargs["pixel_values"])),
        with_kwargs=True,
    )
    return taken


@every_family
def test_what_is_told_while_answers_are_written_adds_up_to_them(
    mllm: Models, family: str, items: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = mllm(family).answer_batch(items, max_new_tokens=12)
    for families in (FAMILIES, ()):  # in batches, and as for a family that is not known
        monkeypatch.setattr(module, "FAMILIES", families)
        told: list[list[str]] = [[] for _ in items]
        answers = mllm(family).answer_batch(
            items,
            max_new_tokens=12,
            batch_size=4,
            tell=lambda number, added, told=told: told[number].append(added),  # type: ignore[misc]
        )
        assert answers == expected == ["".join(pieces) for pieces in told]
        assert max(map(len, told)) > 3


@every_family
def test_the_answer_is_the_one_that_the_model_gives_by_itself(
    mllm: Models, family: str, items: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = mllm(family).answer_batch(items, max_new_tokens=TOKENS)
    monkeypatch.setattr(module, "FAMILIES", ())  # as for a family that is not known
    assert mllm(family).answer_batch(items, max_new_tokens=TOKENS) == answers
    assert len(set(answers)) > 3


@every_family
def test_a_batch_answers_as_one_by_one(mllm: Models, family: str, items: list[Any]) -> None:
    single = [mllm(family).answer(*item, max_new_tokens=TOKENS) for item in items]
    for size in (2, 16):
        assert mllm(family).answer_batch(items, batch_size=size, max_new_tokens=TOKENS) == single


@every_family
def test_a_picture_is_looked_at_once_for_all_its_questions(
    checkpoint: Any, family: str, photos: list[Image.Image]
) -> None:
    model = load_mllm(checkpoint(family))
    taken = looks(model.model)
    model.answer_batch(
        [(photos[0], text) for text in ("red", "seven", "be short")], batch_size=2, max_new_tokens=2
    )
    assert len(taken) == 1


@every_family
def test_a_stream_is_answered_like_its_decoded_picture(mllm: Models, family: str, stream: bytes) -> None:
    decoded = cotam.decode(stream)
    expected = mllm(family).answer(decoded, "red", max_new_tokens=TOKENS)
    assert mllm(family).answer(stream, "red", max_new_tokens=TOKENS) == expected


def test_pictures_come_in_many_forms(
    mllm: Models, photos: list[Image.Image], stream: bytes, tmp_path: Any
) -> None:
    photos[0].save(tmp_path / "photo.png")
    (tmp_path / "photo.cotam").write_bytes(stream)
    data = (tmp_path / "photo.png").read_bytes()
    same = [tmp_path / "photo.png", str(tmp_path / "photo.png"), data, io.BytesIO(data), np.array(photos[0])]
    streams = [tmp_path / "photo.cotam", stream, io.BytesIO(stream)]
    model = mllm("llava")
    expected = model.answer(photos[0], "red", max_new_tokens=TOKENS)
    assert {model.answer(source, "red", max_new_tokens=TOKENS) for source in same} == {expected}
    assert len({model.answer(source, "red", max_new_tokens=TOKENS) for source in streams}) == 1


@every_family
def test_a_chat_goes_on_over_turns_with_pictures_and_streams_mixed(
    mllm: Models, family: str, photos: list[Image.Image], stream: bytes
) -> None:
    first = [
        {"role": "user", "content": [{"type": "image", "image": photos[1]}, {"type": "text", "text": "red"}]}
    ]
    model = mllm(family)
    assert model.chat(first, max_new_tokens=TOKENS) == model.answer(photos[1], "red", max_new_tokens=TOKENS)
    second = [
        *first,
        {"role": "assistant", "content": "seven"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "and here?"}, {"type": "image", "image": stream}],
        },
    ]
    assert model.chat(second, max_new_tokens=TOKENS) != model.chat(first, max_new_tokens=TOKENS)


def test_the_checkpoint_s_own_wish_for_sampling_is_not_followed(
    checkpoint: Any, photos: list[Image.Image]
) -> None:
    model = load_mllm(checkpoint("llava"))
    greedy = model.answer(photos[0], "red", max_new_tokens=TOKENS)
    model.model.generation_config.update(do_sample=True, temperature=5.0, top_k=50, top_p=0.9)
    assert {model.answer(photos[0], "red", max_new_tokens=TOKENS) for _ in range(3)} == {greedy}


def test_an_answer_ends_where_it_was_told_to(mllm: Models, photos: list[Image.Image]) -> None:
    model = mllm("llava")
    lengths = [len(model.answer(photos[0], "red", max_new_tokens=n)) for n in (1, 12)]
    assert lengths[0] < lengths[1]


def test_too_many_pictures_for_the_context_are_refused(mllm: Models, photos: list[Image.Image]) -> None:
    with pytest.raises(ValueError, match=r"40 pictures and the text take \d+ tokens, .* the model takes 512"):
        mllm("llava").answer([photos[0]] * 40, "red")


def test_a_question_that_contains_the_picture_s_token_is_refused(
    mllm: Models, photos: list[Image.Image]
) -> None:
    with pytest.raises(ValueError, match="leave <image> out of the question"):
        mllm("llava").answer(photos[0], "what is <image>?")


@pytest.mark.parametrize(
    ("images", "question", "error", "said"),
    [
        ("no.png", "red", ImageError, "no.png: no such file"),
        (b"\x8bCTMxx", "red", BitstreamError, "bytes: "),
        ([], " ", ValueError, "the question is empty"),
        ([], 3, TypeError, "must be a text, not int"),
        (3, "red", TypeError, "pictures must be one, or a list"),
        ([3], "red", TypeError, "cannot load a picture from int"),
    ],
)
def test_what_is_no_picture_or_no_question_is_refused(
    mllm: Models, images: Any, question: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        mllm("llava").answer(images, question)


@pytest.mark.parametrize("option", ["batch_size", "max_new_tokens"])
def test_numbers_below_one_are_refused(mllm: Models, option: str) -> None:
    with pytest.raises(ValueError, match=f"{option} must be at least 1, not 0"):
        mllm("llava").answer_batch([([], "red")], **{option: 0})


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "the last message must be the user's"),
        ([{"role": "assistant", "content": "red"}], "the last message must be the user's"),
        ([{"role": "tool", "content": "x"}, {"role": "user", "content": "x"}], "not 'tool'"),
        ([{"role": "user", "content": [{"type": "video", "video": "x"}]}], "not {'type', 'video'}"),
        ([{"role": "user", "content": [{"type": "image"}]}], "not {'type'}"),
        (
            [{"role": "user", "content": [{"type": "image", "url": "https://x/y.png"}]}],
            "are not fetched here",
        ),
    ],
)
def test_messages_of_another_form_are_refused(mllm: Models, messages: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        mllm("llava").chat(messages)


def test_a_processor_that_does_not_fit_the_model_is_reported(
    checkpoint: Any, photos: list[Image.Image]
) -> None:
    model = load_mllm(checkpoint("llava"))
    model.processor.num_additional_image_tokens = 5
    with pytest.raises(ModelError, match="leaves 20 places for the pictures' 16 features"):
        model.answer(photos[0], "red")


def test_answering_leaves_no_gradients_and_changes_no_weight(mllm: Models, photos: list[Image.Image]) -> None:
    model = mllm("llava").model
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    mllm("llava").answer(photos[0], "red", max_new_tokens=2)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_conversations_are_continued_together_as_alone(mllm: Models, photos: list[Image.Image]) -> None:
    def asked(*texts: str) -> list[dict[str, Any]]:
        first = [{"type": "image", "image": photos[0]}, {"type": "text", "text": texts[0]}]
        later = [
            {"role": ("user", "assistant")[number % 2], "content": text}
            for number, text in enumerate(texts[1:], start=1)
        ]
        return [{"role": "user", "content": first}, *later]

    conversations = [asked("red"), asked("how many stars are there?", "seven", "what colour is the star?")]
    together = mllm("llava").chat_batch(conversations, max_new_tokens=TOKENS)
    assert together == [mllm("llava").chat(one, max_new_tokens=TOKENS) for one in conversations]
