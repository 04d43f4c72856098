"""What training is given: exact latents, the vision side alone, pictures from anywhere."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from cotam.checkpoint import load_model
from cotam.codec import Codec, LevelMap
from cotam.codec.steps import step_map
from cotam.errors import ModelError, TrainingError
from cotam.levelvqa.sampling import sample_graph
from cotam.levelvqa.splits import SPLITS
from cotam.ops.quality_scale import quality_to_step
from cotam.training.adapters.coding import FrozenCoder
from cotam.training.adapters.examples import UNKNOWN, SceneSource, class_of
from cotam.training.adapters.seeing import TowerView
from cotam.training.adapters.sources import open_source
from cotam.training.adapters.text_targets import TextTargets
from cotam.training.adapters.towers import load_training_tower
from cotam.training.float_form import float_form


def test_latents_and_pictures_are_the_decoders_own(
    random_model_path: Path, random_codec: Codec, make_picture: Callable[..., Any]
) -> None:
    pixels = make_picture(64, 64)
    level_map = LevelMap(np.array([[-1, 0], [0, 1]]), 3, 10.0)
    data = random_codec.encode(pixels, 30, level_map=level_map)
    decoded = random_codec.decode_latents(data)
    step = quality_to_step(30)
    steps = step_map(step, level_map, 4, 4, device=torch.device("cpu"))
    coded = FrozenCoder(load_model(random_model_path))(
        torch.from_numpy(pixels)[None], steps[None], torch.tensor([step])
    )
    assert torch.equal(coded.y_hat[0], decoded.y_hat)
    assert coded.x_hat is not None
    assert np.array_equal(coded.x_hat[0].numpy(), np.asarray(random_codec.synthesise(decoded)))
    assert float(coded.bits[0]) == pytest.approx(random_codec.encode_analysis(
        random_codec.analyse(pixels), 30, level_map).ideal_bits)  # fmt: skip


def test_float_networks_become_the_same_integers_again(random_model_path: Path) -> None:
    before = load_model(random_model_path).network
    after = float_form(before).to_integers()
    for name, tensor in before.state_dict().items():
        assert torch.equal(after.state_dict()[name], tensor), name


def test_few_tokens_are_attended_to_plainly_on_a_cpu_and_the_tower_is_the_same(
    embedded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    plain = load_training_tower(embedded)
    monkeypatch.setattr("cotam.training.attention.FEW_TOKENS", 4)
    fused = load_training_tower(embedded)
    attentions = [tower.tower.model.config._attn_implementation for tower in (plain, fused)]
    assert attentions == ["eager", "sdpa"]
    assert plain.identity == fused.identity
    pictures = torch.randn(2, 3, *plain.tower.input_size)
    runs = [tower.tower.run(pictures, 2).last for tower in (plain, fused)]
    torch.testing.assert_close(*runs)


@pytest.mark.parametrize("side", [64, 48])
def test_float_pictures_are_seen_as_bytes_are_and_keep_their_gradient(embedded: Path, side: int) -> None:
    view = TowerView(load_training_tower(embedded), side)
    samples = torch.randint(0, 256, (2, side, side, 3), generator=torch.Generator().manual_seed(0))
    floats = samples.float().requires_grad_()
    images = view.images(floats)
    assert images.shape[-2:] == (64, 64)
    torch.testing.assert_close(images.detach(), view.images(samples.to(torch.uint8)))
    (gradient,) = torch.autograd.grad(images.sum(), floats)
    assert (gradient > 0).all()


@pytest.mark.parametrize("kind", ["embedded", "llava"])
def test_only_the_vision_side_is_loaded(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers
    from torch import nn

    made: list[nn.Module] = []
    init = nn.Module.__init__

    def noting(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        made.append(self)
        init(self, *args, **kwargs)

    folder = request.getfixturevalue(kind)
    monkeypatch.setattr(nn.Module, "__init__", noting)
    loaded = load_training_tower(folder)
    language = (
        transformers.LlamaModel,
        transformers.LlavaForConditionalGeneration,
        transformers.CLIPTextModel,
    )
    assert made
    assert not [type(module).__name__ for module in made if isinstance(module, language)]
    assert (loaded.tower.depth, loaded.read_after) == (4, 3)  # vision_feature_layer is -2
    assert loaded.identity.grid == (4, 4)
    assert (loaded.texts is not None) == (kind == "embedded")


def test_the_tower_of_both_folders_is_one_and_takes_the_clips_texts(embedded: Path, llava: Path) -> None:
    alone, inside = load_training_tower(embedded), load_training_tower(llava, embedded / "clip")
    assert inside.identity.fingerprint == alone.identity.fingerprint
    assert inside.texts is not None


def test_a_text_side_of_another_tower_is_refused(llava: Path, embedded: Path, tmp_path: Path) -> None:
    from transformers import CLIPModel

    model = CLIPModel.from_pretrained(embedded / "clip")
    with torch.no_grad():
        model.vision_model.embeddings.class_embedding.neg_()
    model.save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes((embedded / "clip" / "tokenizer.json").read_bytes())
    with pytest.raises(ModelError, match="its vision tower is another"):
        load_training_tower(llava, tmp_path)
    with pytest.raises(ModelError, match="has no text side"):
        load_training_tower(llava, llava)


def test_the_view_prepares_pictures_as_the_tower_does(
    embedded: Path, make_picture: Callable[..., Any]
) -> None:
    view = TowerView(load_training_tower(embedded), 64)
    pixels = make_picture(64, 64)
    own = view.tower.preprocess([pixels])
    torch.testing.assert_close(view.images(torch.from_numpy(pixels)[None]), own, atol=1e-6, rtol=0)
    large = make_picture(96, 96)
    resized = view.images(torch.from_numpy(large)[None]) - view.tower.preprocess([large])
    assert resized.abs().mean() < 0.01
    assert view.geometry.boxes[0, 1, 2].tolist() == pytest.approx([32, 16, 48, 32], abs=0.5)


def test_scenes_have_a_class_whose_sentence_names_them() -> None:
    source = SceneSource(224)
    start = SPLITS["train"].start
    for seed, example in enumerate(source.examples(1, 4), start=start + 4):
        graph = sample_graph(seed)
        assert example.label == class_of(graph)
        assert graph.background.texture in source.texts[example.label]
        assert example.pixels.shape == (224, 224, 3)


def test_scenes_begin_where_it_is_said() -> None:
    later = open_source(["levelvqa"], 224, first_scene=4).examples(0, 1)[0]
    assert np.array_equal(later.pixels, SceneSource(224).examples(1, 4)[0].pixels)


def test_folders_give_classes_and_squares(pictures: Path) -> None:
    source = open_source([str(pictures)], 48)
    assert source.texts == ("a photo of a dots", "a photo of a red stars")
    once, again, other = source.examples(3, 5), source.examples(3, 5), source.examples(4, 5)
    assert all(
        np.array_equal(a.pixels, b.pixels) and a.label == b.label for a, b in zip(once, again, strict=True)
    )
    assert any(not np.array_equal(a.pixels, b.pixels) for a, b in zip(once, other, strict=True))
    assert {example.pixels.shape for example in once} == {(48, 48, 3)}
    assert {example.label for example in once + other} == {0, 1}
    assert len(source.held_out(3)) == 3


def test_captions_and_shards_give_pictures_with_their_captions(
    tmp_path: Path, make_picture: Callable[..., Any]
) -> None:
    for number in range(3):
        Image.fromarray(make_picture(60, 60, seed=number)).save(tmp_path / f"{number}.png")
    lines = [json.dumps({"image": f"{n}.png", "caption": f"dots {n}"}) for n in range(3)]
    (tmp_path / "list.jsonl").write_text("\n".join(lines) + "\n")
    with tarfile.open(tmp_path / "shard.tar", "w") as shard:
        for number in range(3):
            for suffix, content in (
                ("png", (tmp_path / f"{number}.png").read_bytes()),
                ("txt", f"dots {number}".encode()),
            ):
                member = tarfile.TarInfo(f"00{number}.{suffix}")
                member.size = len(content)
                shard.addfile(member, io.BytesIO(content))
    listed = open_source([str(tmp_path / "list.jsonl")], 32).examples(0, 6)
    packed = open_source([str(tmp_path / "shard.tar")], 32).examples(0, 6)
    for one, other in zip(listed, packed, strict=True):
        assert one.caption == other.caption
        assert one.caption.startswith("dots")
        assert one.label == UNKNOWN
        assert np.array_equal(one.pixels, other.pixels)


def test_bad_data_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"image": 3}\n')
    (tmp_path / "x.tar").write_bytes(b"no tar at all" * 100)
    (tmp_path / "empty").mkdir()
    for name, message in (
        ("x.jsonl", "line 1: must be"),
        ("x.tar", "no uncompressed tar file"),
        ("empty", "neither pictures nor shards"),
        ("gone", "no such folder or file"),
    ):
        with pytest.raises(TrainingError, match=message):
            open_source([str(tmp_path / name)], 32)
    with pytest.raises(TrainingError, match="cannot be mixed"):
        open_source(["levelvqa", str(tmp_path)], 224)
    (tmp_path / "x.png").write_bytes(b"damaged")
    with pytest.raises(TrainingError, match="16 damaged pictures in a row"):
        open_source([str(_only_damaged(tmp_path))], 32).examples(0, 1)


def _only_damaged(folder: Path) -> Path:
    below = folder / "damaged"
    below.mkdir()
    (below / "x.png").write_bytes(b"damaged")
    return below


def test_captions_are_told_from_each_other_and_equal_ones_are_one(embedded: Path) -> None:
    from cotam.training.adapters.batches import Batch

    tower = load_training_tower(embedded).texts
    assert tower is not None
    zeros = torch.zeros(4, 16, 16, 3, dtype=torch.uint8)
    labels, steps = torch.full((4,), UNKNOWN), torch.zeros(4, 1, 1, dtype=torch.int64)
    batch = Batch(zeros, steps, steps[:, 0, 0], labels, ["a star", "", "a dot", "a star"])
    found = TextTargets(tower).of(batch)
    assert found is not None
    texts, own = found
    assert texts.shape == (2, 16)
    assert own.tolist() == [0, UNKNOWN, 1, 0]
    assert TextTargets(tower).of(batch._replace(captions=[""] * 4)) is None
