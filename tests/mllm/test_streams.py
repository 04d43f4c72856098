"""Streams in conversations: as pixels, through a latent adapter, through a transform-neck."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from cotam.adapters import LatentAdapter, LatentAdapterConfig, TransformNeck, TransformNeckConfig, entering
from cotam.checkpoint import AdapterCard, CodecIdentity, LoadedAdapter, tower_identity, write_adapter
from cotam.codec import Codec, LevelMap
from cotam.errors import ModelError
from cotam.mllm import Mllm, load_mllm
from cotam.mllm import work as module
from cotam.mllm.embedding import pad_left
from cotam.mllm.entering import Entrance

FAMILIES = ("llava", "llava_next", "llava_onevision", "internvl")
every_family = pytest.mark.parametrize("family", FAMILIES)
each_kind = pytest.mark.parametrize("kind", ["adapter", "neck"])
TOKENS = 4
BLOCK = 1
Maker = Callable[..., Mllm]


@pytest.fixture(scope="session")
def streams(random_codec: Codec, photos: list[Image.Image]) -> list[bytes]:
    """Streams of the three pictures; the second has a level map."""
    level_map = LevelMap(torch.tensor([[1, 0], [-1, 0]]).numpy())
    return [
        random_codec.encode(photo, 60 + 10 * n, level_map=level_map if n == 1 else None)
        for n, photo in enumerate(photos)
    ]


def loaded(model: Mllm, codec: Codec, kind: str, *, zero: bool = False, **changed: Any) -> LoadedAdapter:
    """An adapter or neck of random weights, made for a model and a codec."""
    tower = tower_identity("small", model.model.get_encoder(modality="image"))
    sizes: dict[str, Any] = {
        "latents": codec.network.config.latents,
        "width": tower.width,
        "grid": tower.grid,
        "heads": 2,
        "conditioning": changed.pop("conditioning", "none"),
    }
    identity = changed.pop("made_for", CodecIdentity(codec.name, codec.model_id.hex()))
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        network: LatentAdapter | TransformNeck
        if kind == "adapter":
            network = LatentAdapter(LatentAdapterConfig(**sizes))
            if not zero:
                network.out.weight.normal_(std=0.3)
        else:
            network = TransformNeck(TransformNeckConfig(**sizes, block=BLOCK, prefix=tower.prefix))
    tower = type(tower)(**{**vars(tower), **changed})
    card = AdapterCard(
        "some", kind, identity, tower, network.config.to_dict(), "d1" if kind == "neck" else None
    )  # type: ignore[arg-type]
    return LoadedAdapter(network.eval(), card)


@pytest.fixture
def with_adapter(mllm: Callable[[str], Mllm], random_codec: Codec) -> Maker:
    """A family's model with an adapter or neck."""

    def make(family: str, kind: str, **options: Any) -> Mllm:
        plain = mllm(family)
        adapter = loaded(plain, random_codec, kind, **options)
        return plain.with_adapter(adapter, random_codec)

    return make


def prompts(model: Mllm, items: list[Any], monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[Any]:
    """What the language model is given for each item, asked one by one."""
    seen: list[Any] = []

    def spy(embedded: list[Any]) -> Any:
        seen.append(embedded[0][None].clone())
        return pad_left(embedded)

    with monkeypatch.context() as patch:
        patch.setattr(module, "pad_left", spy)
        for item in items:
            model.answer(*item, max_new_tokens=1, **options)
    return seen


def fingerprint(model: Any) -> Any:
    """All that a user could find changed."""
    parts = {
        name: (sorted(vars(module)), len(module._forward_hooks), len(module._forward_pre_hooks))
        for name, module in model.named_modules()
    }
    return parts, {name: tensor.sum().item() for name, tensor in model.state_dict().items()}


@pytest.fixture(scope="session")
def run_once(mllm: Callable[[str], Mllm], photos: list[Image.Image]) -> None:
    """Transformers places hooks of its own when a model first runs."""
    for family in FAMILIES:
        mllm(family).answer(photos[0], "red", max_new_tokens=1)


@pytest.fixture
def untouched(mllm: Callable[[str], Mllm], run_once: None) -> Iterator[None]:
    """No test leaves a trace in a model."""
    before = {family: fingerprint(mllm(family).model) for family in FAMILIES}
    yield
    assert {family: fingerprint(mllm(family).model) for family in FAMILIES} == before


pytestmark = pytest.mark.usefixtures("untouched")


@every_family
def test_an_adapter_that_gives_zero_changes_no_bit_and_another_does(
    family: str,
    with_adapter: Maker,
    streams: list[bytes],
    random_codec: Codec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    zero, trained = with_adapter(family, "adapter", zero=True), with_adapter(family, "adapter")
    asked, decoded = [(data, "red") for data in streams], [(random_codec.decode(s), "red") for s in streams]
    pixels = prompts(zero, decoded, monkeypatch)
    assert all(map(torch.equal, prompts(zero, asked, monkeypatch, mode="pixels"), pixels))
    assert all(map(torch.equal, prompts(zero, asked, monkeypatch, mode="adapter"), pixels))
    logits = [zero.model(inputs_embeds=prompt).logits for prompt in prompts(zero, asked, monkeypatch)]
    assert all(
        torch.equal(a, zero.model(inputs_embeds=p).logits) for a, p in zip(logits, pixels, strict=True)
    )
    for changed, plain in zip(prompts(trained, asked, monkeypatch, mode="adapter"), pixels, strict=True):
        assert (changed - plain).abs().max() > 1e-3


@every_family
def test_a_neck_with_the_towers_own_tokens_gives_the_full_tower_s_features(
    family: str,
    with_adapter: Maker,
    streams: list[bytes],
    random_codec: Codec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from cotam.vision.registry import family_of

    model = with_adapter(family, "neck")
    tower = model.model.get_encoder(modality="image")
    own: list[torch.Tensor] = []
    hook = family_of(tower).blocks[BLOCK - 1].register_forward_hook(lambda m, i, out: own.append(out))
    plain = prompts(model, [(random_codec.decode(data), "red") for data in streams], monkeypatch)
    hook.remove()
    kept = iter(own)

    def given(tower: Any, tokens: torch.Tensor, block: int) -> Any:
        (right := next(kept))
        assert (tokens.shape, block) == (right.shape, BLOCK)
        return entering(tower, right, block)

    monkeypatch.setattr("cotam.mllm.entering.entering", given)
    entered = prompts(model, [(data, "red") for data in streams], monkeypatch, mode="neck")
    for mine, theirs in zip(entered, plain, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-5)


@every_family
def test_a_neck_needs_no_pixels(
    family: str,
    with_adapter: Maker,
    streams: list[bytes],
    random_codec: Codec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden(*_: Any) -> Any:
        raise AssertionError("pixels were made")

    model = with_adapter(family, "neck")
    monkeypatch.setattr(random_codec.network, "pixels", forbidden)
    first, second = prompts(model, [(streams[0], "red"), (streams[1], "red")], monkeypatch, mode="neck")
    assert first.shape != second.shape or not torch.allclose(first, second)
    with pytest.raises(AssertionError, match="pixels were made"):
        model.answer(streams[0], "red", mode="pixels")


@every_family
@each_kind
def test_a_batch_of_streams_and_pictures_answers_as_one_by_one(
    family: str, kind: str, with_adapter: Maker, streams: list[bytes], photos: list[Image.Image]
) -> None:
    model = with_adapter(family, kind)
    items: list[Any] = [
        (streams[0], "how many stars are there?"),
        (photos[0], "red"),
        (streams[0], "red"),
        ([streams[1], streams[2]], "seven"),
        ([photos[1], streams[2], photos[2]], "be short"),
        ([], "red"),
    ]
    single = [model.answer(*item, max_new_tokens=TOKENS) for item in items]
    for size in (2, 16):
        assert model.answer_batch(items, batch_size=size, max_new_tokens=TOKENS) == single


@every_family
def test_only_the_streams_of_a_conversation_are_changed(
    family: str,
    with_adapter: Maker,
    streams: list[bytes],
    photos: list[Image.Image],
    random_codec: Codec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = with_adapter(family, "adapter")
    decoded = random_codec.decode(streams[0])
    mixed, plain = prompts(
        model, [([photos[1], streams[0]], "red"), ([photos[1], decoded], "red")], monkeypatch
    )
    changed = (mixed != plain).any(-1)[0].nonzero().flatten()
    places = plain.shape[1]
    image_tokens = changed.max() - changed.min() + 1
    assert 0 < len(changed) <= image_tokens < places / 2 + 2
    assert torch.equal(*prompts(model, [(photos[0], "red")] * 2, monkeypatch, mode="adapter"))
    assert torch.equal(
        prompts(model, [(photos[0], "red")], monkeypatch, mode="adapter")[0],
        prompts(model, [(photos[0], "red")], monkeypatch, mode="pixels")[0],
    )


@pytest.mark.parametrize("conditioning", ["embedding", "gain"])
def test_the_quality_of_a_stream_reaches_the_adapter(
    conditioning: str, with_adapter: Maker, streams: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    conditioned = with_adapter("llava", "adapter", conditioning=conditioning)
    plain = with_adapter("llava", "adapter")
    a, b = (prompts(m, [(streams[1], "red")], monkeypatch)[0] for m in (conditioned, plain))
    assert not torch.allclose(a, b)


@each_kind
def test_auto_takes_what_is_loaded_where_it_fits_and_pixels_elsewhere(
    kind: str,
    with_adapter: Maker,
    streams: list[bytes],
    photos: list[Image.Image],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def same(items: list[Any], mode: str) -> bool:
        return all(
            map(
                torch.equal, prompts(model, items, monkeypatch), prompts(model, items, monkeypatch, mode=mode)
            )
        )

    model = with_adapter("llava", kind)
    assert same([(streams[0], "red"), (streams[:2], "red")], kind)
    assert same([(photos[0], "red"), ([], "red")], "pixels")
    assert same([([streams[0], photos[0]], "red")], "adapter" if kind == "adapter" else "pixels")
    model = with_adapter("llava", kind, made_for=CodecIdentity("other", "00000000"))
    assert same([(streams[0], "red")], "pixels")


@each_kind
def test_streams_enter_a_chat_at_any_turn(
    kind: str, with_adapter: Maker, streams: list[bytes], tmp_path: Path
) -> None:
    (tmp_path / "a.cotam").write_bytes(streams[0])
    asked = {"type": "text", "text": "red"}

    def chat(first: Any, second: Any) -> str:
        messages = [
            {"role": "user", "content": [{"type": "image", "image": first}, asked]},
            {"role": "assistant", "content": "seven"},
            {"role": "user", "content": [asked, {"type": "image", "image": second}]},
        ]
        return with_adapter("llava", kind).chat(messages, mode=kind, max_new_tokens=TOKENS)  # type: ignore[arg-type]

    assert chat(tmp_path / "a.cotam", streams[1]) == chat(streams[0], streams[1])


@each_kind
def test_a_stream_is_looked_at_once_for_all_its_questions(
    kind: str, with_adapter: Maker, streams: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    own = Entrance.open
    monkeypatch.setattr(Entrance, "open", lambda self, given: looks.append(len(given)) or own(self, given))  # type: ignore[func-returns-value]
    model = with_adapter("llava", kind)
    model.answer_batch([(streams[0], text) for text in ("red", "seven", "be short")], batch_size=2)
    assert looks == [1]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"width": 48}, "made for tokens of width 48; the tower of .* has 32"),
        ({"grid": (24, 24)}, "made for 577 tokens a picture; the tower of .* has 17"),
        ({"fingerprint": "00"}, "made for the weights of small"),
    ],
)
def test_an_adapter_made_for_another_tower_is_refused(
    changed: dict[str, Any], said: str, with_adapter: Maker
) -> None:
    with pytest.raises(ModelError, match=said):
        with_adapter("llava", "adapter", **changed)


def test_a_model_that_handles_pictures_its_own_way_takes_no_adapter(
    with_adapter: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cotam.mllm.entering.FAMILIES", ("other",))
    with pytest.raises(ModelError, match="a 'llava' model; adapters and necks are for other"):
        with_adapter("llava", "adapter")


def test_each_stream_enters_through_the_adapter_for_its_codec(
    mllm: Callable[[str], Mllm], random_codec: Codec, streams: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = mllm("llava")
    fitting = loaded(plain, random_codec, "adapter")
    others = [
        loaded(plain, random_codec, "adapter", made_for=CodecIdentity(name, number * 8), conditioning="gain")
        for name, number in (("one", "0"), ("two", "1"))
    ]
    asked: list[Any] = [(streams[0], "red")]
    alone = prompts(plain.with_adapter(fitting, random_codec), asked, monkeypatch)[0]
    for adapters in ([fitting, *others], [*others, fitting]):
        several = Mllm(plain.name, plain.model, plain.processor, adapters, random_codec)
        assert torch.equal(prompts(several, asked, monkeypatch)[0], alone)
    strange = Mllm(plain.name, plain.model, plain.processor, others, random_codec)
    with pytest.raises(ModelError, match=r"made for codec one \(00000000\) or two \(11111111\), which bytes"):
        strange.answer(streams[0], "red", mode="adapter")


@each_kind
def test_a_stream_of_another_codec_than_the_adapter_s_is_named(
    kind: str, with_adapter: Maker, streams: list[bytes], tmp_path: Path
) -> None:
    (tmp_path / "a.cotam").write_bytes(streams[0])
    model = with_adapter("llava", kind, made_for=CodecIdentity("other", "00000000"))
    with pytest.raises(ModelError, match=rf"made for codec other \(00000000\), which {tmp_path}/a.cotam \("):
        model.answer(tmp_path / "a.cotam", "red", mode=kind)  # type: ignore[arg-type]


def test_a_stream_of_an_unknown_codec_is_named(mllm: Any, streams: list[bytes]) -> None:
    with pytest.raises(ModelError, match=r"bytes: the stream was made with model .*, which is not here"):
        mllm("llava").answer(streams[0], "red")


def test_a_neck_refuses_ordinary_pictures(
    with_adapter: Maker, streams: list[bytes], photos: list[Image.Image]
) -> None:
    with pytest.raises(ValueError, match=r"image: mode 'neck' takes \.cotam streams only"):
        with_adapter("llava", "neck").answer([streams[0], photos[0]], "red", mode="neck")


@pytest.mark.parametrize(
    ("kind", "mode", "said"),
    [
        (None, "adapter", "mode 'adapter' needs an adapter, and none is loaded"),
        ("adapter", "neck", "mode 'neck' needs a neck, and what is loaded is the latent adapter 'some'"),
        ("neck", "adapter", "needs an adapter, and what is loaded is the transform-neck 'some'"),
        (None, "latents", "mode must be one of auto, pixels, adapter, neck, not 'latents'"),
    ],
)
def test_a_mode_that_needs_what_is_not_loaded_says_so(
    kind: str | None, mode: Any, said: str, mllm: Any, with_adapter: Maker, photos: list[Image.Image]
) -> None:
    model = mllm("llava") if kind is None else with_adapter("llava", kind)
    with pytest.raises(ValueError, match=said):
        model.answer(photos[0], "red", mode=mode)


@each_kind
def test_too_many_streams_for_the_context_are_refused(
    kind: str, with_adapter: Maker, streams: list[bytes]
) -> None:
    with pytest.raises(ValueError, match=r"40 pictures and the text take \d+ tokens, .* the model takes 512"):
        with_adapter("llava", kind).answer([streams[0]] * 40, "red")


@each_kind
def test_adapter_and_codec_are_loaded_by_file(
    kind: str,
    checkpoint: Any,
    with_adapter: Maker,
    streams: list[bytes],
    random_model_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = with_adapter("llava", kind)
    [adapter] = made.adapters
    path = tmp_path / "some.safetensors"
    write_adapter(path, adapter.network, adapter.card)
    model = load_mllm(checkpoint("llava"), adapter=path, codec=random_model_path)
    assert [one.card for one in model.adapters] == [adapter.card]
    (mine,), (theirs,) = (prompts(m, [(streams[0], "red")], monkeypatch, mode=kind) for m in (model, made))
    torch.testing.assert_close(mine, theirs, atol=1e-2, rtol=1e-2)
    with pytest.raises(ModelError, match="unknown adapter 'nowhere'"):
        load_mllm(checkpoint("llava"), adapter="nowhere")
