"""A frozen vision tower that is run block by block."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from cotam.vision.attention_recording import make_recordable, recording
from cotam.vision.family import Family, FamilyName
from cotam.vision.preprocessing import WHITE, Preprocessing
from cotam.vision.text import TextSide
from cotam.vision.text_relevance import relevance
from cotam.vision.tower_run import TowerRun, check_range

TextLoader = Callable[[], TextSide]


class Tower:
    """A vision tower whose first blocks run without the rest, and which can be entered at any block.

    The weights are frozen and dropout is off. Gradients flow to images or tokens that ask for them; otherwise
    nothing is kept for a backward pass. Tokens come in the order [CLS], registers, patches row by row.
    """

    def __init__(
        self,
        name: str,
        family: Family,
        preprocessing: Preprocessing,
        patch: int,
        text: TextLoader | None = None,
    ) -> None:
        """Take the parts; `load_tower` puts them together.

        Args:
            name: how the user called it.
            family: the loaded model, which gets one hook on each block's attention.
            preprocessing: how it wants its pictures.
            patch: side of a patch in pixels.
            text: loads its text side, if it has one.
        """
        config = family.model.config
        self.name = name
        self.family: FamilyName = family.name
        self.patch = patch
        self.input_size = preprocessing.size
        self.mean, self.std = preprocessing.mean, preprocessing.std
        self.width = int(config.hidden_size)
        self.depth = len(family.blocks)
        self.heads = int(config.num_attention_heads)
        self.has_class_token = family.has_class_token
        self.prefix_tokens = int(family.has_class_token) + family.registers
        self.gradient_checkpointing = False
        """Whether a backward pass runs the blocks again instead of keeping what is inside them."""
        self._family, self._preprocessing, self._text_loader = family, preprocessing, text
        for block in family.blocks:
            make_recordable(family.attention(block))

    @property
    def model(self) -> nn.Module:
        """The transformers model itself."""
        model: nn.Module = self._family.model
        return model

    @property
    def device(self) -> torch.device:
        """Where the weights lie and results come out."""
        return self._family.model.device

    @property
    def has_text(self) -> bool:
        """Whether `text_relevance` can be asked for."""
        return self._text_loader is not None

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Return the rows and columns of patches of an input of so many pixels; what is left over is not seen.

        Raises:
            ValueError: the input is smaller than a patch.
        """
        rows, columns = height // self.patch, width // self.patch
        if rows < 1 or columns < 1:
            raise ValueError(
                f"an input of {height} x {width} pixels is smaller than a patch of {self.patch} x {self.patch}"
            )
        return rows, columns

    def preprocess(self, pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
        """Make a batch of pictures of any sizes.

        Each is squashed to `input_size` with antialiased bicubic interpolation, so that nothing is cropped away, and
        normalised with `mean` and `std`. Deterministic.

        Args:
            pictures: at least one, each uint8 (H, W, 3), RGB.

        Returns:
            The batch, float32 (N, 3, h, w), on the tower's device.

        Raises:
            ValueError: there is none, or one of another type or shape.
        """
        batch = torch.from_numpy(self._preprocessing.resized(pictures)).to(self.device)
        mean, std = (torch.tensor(c, device=self.device).view(3, 1, 1) for c in (self.mean, self.std))
        return (batch.permute(0, 3, 1, 2).float() / WHITE - mean) / std

    def embed(self, images: Tensor) -> Tensor:
        """Return the tokens that block 0 takes, (N, T, D): embeddings, positions, and CLIP's first layer norm.

        Args:
            images: as `preprocess` makes them, float (N, 3, h, w). For other sizes than `input_size` the model's own
                interpolation of its positions is used.

        Raises:
            ValueError: another shape or type.
        """
        if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
            raise ValueError(f"images must be float (N, 3, h, w), not {images.dtype} {tuple(images.shape)}")
        self.grid(*images.shape[-2:])
        return self._family.embed(images.to(self.device, self._family.model.dtype))

    def run(
        self,
        images: Tensor,
        blocks: int | None = None,
        *,
        tokens_of: Sequence[int] = (),
        attention_of: Sequence[int] = (),
    ) -> TowerRun:
        """Run the first blocks, and only these.

        Args:
            images: as for `embed`.
            blocks: how many, 0 to `depth`; by default all.
            tokens_of: which tokens to keep: i for those before block i, which block i - 1 gave; 0 to `blocks`.
            attention_of: blocks whose attention weights to keep, 0 to `blocks` - 1.

        Raises:
            ValueError: a number out of range, or images that `embed` does not take.
        """
        count = self.depth if blocks is None else blocks
        check_range("blocks", (count,), self.depth)
        check_range("tokens_of", tokens_of, count)
        check_range("attention_of", attention_of, count - 1)
        tokens = self.embed(images)
        arguments = self._family.block_arguments(tokens, self.grid(*images.shape[-2:]))
        kept = {0: tokens} if 0 in tokens_of else {}
        attention = {}
        for index, block in enumerate(self._family.blocks[:count]):
            if index in attention_of:
                with recording() as weights:
                    tokens = self._through(block, tokens, arguments)
                (attention[index],) = weights
            else:
                tokens = self._through(block, tokens, arguments)
            if index + 1 in tokens_of:
                kept[index + 1] = tokens
        return TowerRun(kept, attention, tokens)

    def run_from(
        self, tokens: Tensor, block: int, grid: tuple[int, int] | None = None, until: int | None = None
    ) -> Tensor:
        """Enter the tower at a block and run it to its end.

        Args:
            tokens: what that block takes, float (N, T, D).
            block: its number, 0 to `depth`; with `depth` nothing is left to run.
            grid: rows and columns of patches; by default those of `input_size`.
            until: the block that is not run any more; by default there is none.

        Returns:
            The tokens after the last block that was run, (N, T, D); no final layer norm is applied.

        Raises:
            ValueError: a block out of range, or tokens of another shape.
        """
        check_range("block", (block,), self.depth)
        rows, columns = grid or self.grid(*self.input_size)
        count = self.prefix_tokens + rows * columns
        if tokens.ndim != 3 or tokens.shape[1:] != (count, self.width):
            raise ValueError(
                f"tokens must be (N, {count}, {self.width}) for {rows} x {columns} patches, not {tuple(tokens.shape)}"
            )
        arguments = self._family.block_arguments(tokens, (rows, columns))
        for module in self._family.blocks[block:until]:
            tokens = self._through(module, tokens, arguments)
        return tokens

    def _through(self, block: nn.Module, tokens: Tensor, arguments: dict[str, Any]) -> Tensor:
        if self.gradient_checkpointing and tokens.requires_grad:
            return checkpoint(block, tokens, use_reentrant=False, **arguments)
        return block(tokens, **arguments)

    @torch.no_grad()
    def text_relevance(self, images: Tensor, texts: Sequence[str]) -> Tensor:
        """Return how well each patch fits a text: cosine similarity in the space where images and texts meet.

        This goes beyond the paper, and beyond what the towers were trained for, which is to match a whole picture
        with a text: read it as a rough map. Patch tokens after the last block are taken there as the model takes a
        picture: CLIP by its last layer norm and visual projection, as it does with [CLS]; SigLIP by its pooling head,
        as if it saw that patch alone. The text side is loaded at the first call.

        Args:
            images: as for `embed`.
            texts: one for each image; overlong ones are cut off.

        Returns:
            float32 (N, rows, columns), -1..1; larger fits better.

        Raises:
            ValueError: the tower has no text side, or there are not as many texts as images.
            ModelError: the text side is damaged.
        """
        if isinstance(texts, str) or len(texts) != len(images):
            raise ValueError(f"texts must be a list with one text for each of the {len(images)} images")
        text_side = self.text_side
        patches = self.run(images).last[:, self.prefix_tokens :]
        similarity = relevance(patches, text_side, self._family, texts)
        return similarity.view(-1, *self.grid(*images.shape[-2:]))

    @cached_property
    def text_side(self) -> TextSide:
        """The text side, loaded when it is first asked for.

        Raises:
            ValueError: the tower has none.
            ModelError: it is damaged.
        """
        if self._text_loader is None:
            raise ValueError(
                f"{self.name} has no text side; pass a whole CLIP or SigLIP checkpoint with its tokenizer"
            )
        return self._text_loader()

    def pooled(self, tokens: Tensor) -> Tensor:
        """Sum up tokens (N, T, D) after the last block into a feature of the whole picture, (N, D)."""
        return self._family.pooled(tokens)

    def image_embeddings(self, tokens: Tensor) -> Tensor:
        """Take tokens (N, T, D) after the last block into the space (N, E) of the text side's embeddings.

        Raises:
            ValueError: the tower has no text side.
        """
        return self._family.image_embeddings(tokens, self.text_side.model)
