"""Every family, block by block, against transformers' own forward pass."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from cotam.vision import Tower

from .conftest import INSIDE_AN_MLLM, TOWERS, TWO_SIDED

EXACT = {"rtol": 0, "atol": 1e-5}
PREFIX = {"clip": 1, "siglip": 0, "dinov2": 1, "dinov2-registers": 4, "dinov3": 3, "internvit": 1}
OTHER_SIZE = (96, 48)

Towers = Callable[[str], Tower]
Images = Callable[..., torch.Tensor]


def own_forward(transformers: Any, folder: Path, images: torch.Tensor) -> Any:
    """transformers' answer, by the public road."""
    model = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager")
    model = getattr(model, "vision_tower", getattr(model, "vision_model", model)).eval()
    options = {"interpolate_pos_encoding": True} if model.config.model_type[:4] in ("clip", "sigl") else {}
    with torch.no_grad():
        return model(images, output_hidden_states=True, output_attentions=True, **options)


@pytest.mark.parametrize("size", [(0, 0), OTHER_SIZE], ids=["input size", "other size"])
@pytest.mark.parametrize("name", TOWERS + TWO_SIDED + INSIDE_AN_MLLM)
def test_tokens_and_attention_are_those_of_transformers(
    name: str, size: tuple[int, int], tower: Towers, images: Images, transformers: Any, checkpoint: Any
) -> None:
    batch = images(tower(name), *size)
    own = own_forward(transformers, checkpoint(name), batch)
    run = tower(name).run(batch, tokens_of=range(5), attention_of=range(4))
    assert sorted(run.tokens) == [0, 1, 2, 3, 4]
    assert sorted(run.attention) == [0, 1, 2, 3]
    for i, tokens in run.tokens.items():
        torch.testing.assert_close(tokens, own.hidden_states[i], **EXACT)
    for i, weights in run.attention.items():
        torch.testing.assert_close(weights, own.attentions[i], **EXACT)
    assert run.last is run.tokens[4]


@pytest.mark.parametrize("name", TOWERS)
def test_shapes_follow_the_stated_sizes(name: str, tower: Towers, images: Images) -> None:
    t = tower(name)
    rows, columns = t.grid(*t.input_size)
    count = t.prefix_tokens + rows * columns
    run = t.run(images(t), 2, tokens_of=[1], attention_of=[0])
    assert t.prefix_tokens == PREFIX[name]
    assert (t.family, t.width, t.depth, t.heads) == (name.split("-")[0], 32, 4, 4)
    assert t.has_class_token == (name != "siglip")
    assert run.last.shape == run.tokens[1].shape == (2, count, t.width)
    assert run.attention[0].shape == (2, t.heads, count, count)
    torch.testing.assert_close(run.attention[0].sum(-1), torch.ones(2, t.heads, count))


@pytest.mark.parametrize("name", TOWERS)
def test_three_blocks_run_only_three_blocks(name: str, tower: Towers, images: Images) -> None:
    t, calls = tower(name), []
    hooks = [
        block.register_forward_pre_hook(lambda *_, i=i: calls.append(i))
        for i, block in enumerate(t._family.blocks)
    ]
    try:
        run = t.run(images(t), blocks=3, attention_of=[0, 1, 2])
    finally:
        for hook in hooks:
            hook.remove()
    assert calls == [0, 1, 2]
    torch.testing.assert_close(run.last, t.run(images(t), tokens_of=[3]).tokens[3])


@pytest.mark.parametrize("block", [0, 2, 4])
@pytest.mark.parametrize("name", TOWERS)
def test_entering_at_a_block_ends_where_the_whole_tower_ends(
    name: str, block: int, tower: Towers, images: Images
) -> None:
    t = tower(name)
    whole = t.run(images(t), tokens_of=[block])
    torch.testing.assert_close(t.run_from(whole.tokens[block], block), whole.last)


@pytest.mark.parametrize("name", TOWERS)
def test_embed_gives_what_block_0_takes_at_any_size(name: str, tower: Towers, images: Images) -> None:
    t = tower(name)
    batch = images(t, *OTHER_SIZE)
    grid = t.grid(*OTHER_SIZE)
    torch.testing.assert_close(t.run_from(t.embed(batch), 0, grid), t.run(batch).last)


def test_no_blocks_give_the_embeddings(tower: Towers, images: Images) -> None:
    t = tower("clip")
    torch.testing.assert_close(t.run(images(t), 0, tokens_of=[0]).last, t.embed(images(t)))


@pytest.mark.parametrize("name", TOWERS)
def test_weights_are_frozen_and_gradients_reach_the_tokens(name: str, tower: Towers, images: Images) -> None:
    t = tower(name)
    tokens = t.embed(images(t))
    assert not tokens.requires_grad
    tokens.requires_grad_()
    t.run_from(tokens, 0).square().sum().backward()
    assert tokens.grad is not None
    assert tokens.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in t._family.model.parameters())


def test_attention_goes_only_to_the_thread_that_asked(tower: Towers, images: Images) -> None:
    t = tower("clip")
    batches = [images(t) * scale for scale in (0.1, 1, 3, 10)]
    alone = [t.run(batch, 2, attention_of=[0, 1]).attention[1] for batch in batches]
    together: list[torch.Tensor | None] = [None] * len(batches)

    def work(i: int) -> None:
        for _ in range(20):
            together[i] = t.run(batches[i], 2, attention_of=[0, 1]).attention[1]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"blocks": 5}, "blocks must be from 0 to 4, not 5"),
        ({"blocks": -1}, "blocks must be from 0 to 4, not -1"),
        ({"blocks": 2, "tokens_of": [3]}, "tokens_of must be from 0 to 2, not 3"),
        ({"blocks": 2, "attention_of": [2]}, "attention_of must be from 0 to 1, not 2"),
    ],
)
def test_numbers_out_of_range_are_refused(
    options: dict[str, Any], message: str, tower: Towers, images: Images
) -> None:
    with pytest.raises(ValueError, match=message):
        tower("clip").run(images(tower("clip")), **options)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (torch.zeros(3, 64, 64), "images must be float"),
        (torch.zeros(1, 1, 64, 64), "images must be float"),
        (torch.zeros(1, 3, 64, 64, dtype=torch.uint8), "images must be float"),
        (torch.zeros(1, 3, 64, 10), "smaller than a patch of 14 x 14"),
    ],
)
def test_images_of_another_shape_or_type_are_refused(
    batch: torch.Tensor, message: str, tower: Towers
) -> None:
    with pytest.raises(ValueError, match=message):
        tower("clip").run(batch)


def test_tokens_of_another_shape_are_refused(tower: Towers) -> None:
    t = tower("dinov3")
    with pytest.raises(
        ValueError, match=r"tokens must be \(N, 19, 32\) for 4 x 4 patches, not \(1, 18, 32\)"
    ):
        t.run_from(torch.zeros(1, 18, 32), 0)
    with pytest.raises(ValueError, match="block must be from 0 to 4, not 5"):
        t.run_from(torch.zeros(1, 19, 32), 5)
