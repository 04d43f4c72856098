"""Images on their way to the model: coded, counted, and handed on as the method wants it."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from cotam.evaluation.accuracy.plan import LOSSLESS, Rate
from cotam.evaluation.answerers import Given
from cotam.evaluation.methods import Method
from cotam.evaluation.rivals import Pixels
from cotam.images import ImageSource, load_image
from cotam.ops.rate import check_rate

KEPT = 64
"""Images that are kept as they were handed on, for the next question about them."""


class Relay:
    """Sends images by a method at a rate. An image that comes again is sent once."""

    def __init__(self, method: Method, rate: Rate) -> None:
        """Take method and rate."""
        self.method, self.rate = method, rate
        self._kept: OrderedDict[str, Given] = OrderedDict()
        self._sizes: dict[str, tuple[int, int]] = {}

    @property
    def images(self) -> int:
        """How many different ones were sent."""
        return len(self._sizes)

    @property
    def bpp(self) -> float:
        """Mean over images of 8 · bytes / pixels; 0 before the first."""
        shares = [8 * size / area for size, area in self._sizes.values()]
        return sum(shares) / max(len(shares), 1)

    def send(self, source: ImageSource) -> Given:
        """Code an image, and return what the model is given.

        Raises:
            ImageError: it is no image.
        """
        pixels = load_image(source).pixels
        key = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
        if key not in self._kept:
            data = self._coded(pixels)
            self._sizes[key] = len(data), pixels.shape[0] * pixels.shape[1]
            shown = self.method.shown(data, self.method.decode(data))
            self._kept[key] = shown if isinstance(shown, bytes) else Image.fromarray(shown)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def sent(self, messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Messages as Hugging Face writes them, with every image sent."""
        return [
            {**message, "content": [self._part(part) for part in message["content"]]} for message in messages
        ]

    def summary(self) -> dict[str, Any]:
        """What was sent, ready for JSON."""
        return {
            "images": self.images,
            "bytes": sum(size for size, _ in self._sizes.values()),
            "bpp": self.bpp,
        }

    def _part(self, part: Mapping[str, Any]) -> dict[str, Any]:
        if part["type"] != "image":
            return dict(part)
        return {"type": "image", "image": self.send(part["image"])}

    def _coded(self, pixels: Pixels) -> bytes:
        if self.rate.kind == "bpp":
            return self.method.fitter(pixels)(
                int(self.rate.value * pixels.shape[0] * pixels.shape[1] / 8)
            ).data
        return self.method.encoder(pixels)(self.rate.value).data


def chosen_rate(method: Method, quality: float | None, bpp: float | None) -> Rate:
    """The rate of a method.

    Raises:
        ValueError: none or both are given, or one is out of range.
    """
    if method.lossless:
        return LOSSLESS
    check_rate(quality, bpp)
    return Rate("bpp", bpp) if bpp is not None else Rate("quality", quality or 0.0)
