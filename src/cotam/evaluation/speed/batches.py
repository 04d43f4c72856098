"""Pictures a second in batches."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from cotam.codec import Codec
from cotam.evaluation.rivals import Pixels
from cotam.evaluation.speed.cotam_codec import QUALITY
from cotam.evaluation.speed.rounds import rounded
from cotam.evaluation.speed.timed_codec import timed
from cotam.evaluation.variations import cpu_settings


def pictures_a_second(
    codec: Codec, pixels: Pixels, batches: Sequence[int], threads: int, count: int
) -> list[dict[str, Any]]:
    """Time `Codec.encode_batch` and `Codec.decode_batch`, the batch sizes in turn in each round.

    Args:
        codec: the codec, without guidance.
        pixels: the picture that batches are made of.
        batches: numbers of pictures.
        threads: for the networks.
        count: rounds, after one to warm up; medians count.
    """
    times: dict[int, list[tuple[float, float]]] = {batch: [] for batch in batches}
    with cpu_settings(threads):
        for _ in range(1 + count):
            for batch in batches:
                streams, encoding = timed(lambda: codec.encode_batch([pixels] * batch, QUALITY))  # noqa: B023
                _, decoding = timed(lambda: codec.decode_batch(streams))  # noqa: B023
                times[batch].append((encoding, decoding))
    return [
        {
            "batch": batch,
            "threads": threads,
            "encode": rounded(batch / median(encoding for encoding, _ in rows[1:])),
            "decode": rounded(batch / median(decoding for _, decoding in rows[1:])),
        }
        for batch, rows in times.items()
    ]
