"""What the server counts, for Prometheus."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final

from PIL import Image
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from cotam.serving.admission import Gate
from cotam.serving.pictures import Picture, decode, encoded

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
BATCHES: Final = (1, 2, 4, 8, 16, 32, 64)
JPEG_QUALITY: Final = 90
"""What the bytes of a stream are compared with: the decoded picture as JPEG at this quality."""


class Metrics:
    """Counters of one server; several in a process do not disturb each other."""

    def __init__(self, gate: Gate) -> None:
        """Begin to count at 0."""
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "cotam_requests", "Requests answered.", ("route", "status"), registry=registry
        )
        self._latency = Histogram(
            "cotam_request_seconds", "From head to last byte.", ("route",), buckets=SECONDS, registry=registry
        )
        self._received = Counter(
            "cotam_image_bytes_received", "Bytes of pictures as they came.", ("format",), registry=registry
        )
        self._images = Counter("cotam_images", "Pictures.", ("format",), registry=registry)
        self._saved = Counter(
            "cotam_image_bytes_saved",
            f"Bytes that streams were smaller than their pictures as JPEG {JPEG_QUALITY}.",
            registry=registry,
        )
        self._decode = Histogram(
            "cotam_decode_seconds", "Decoding of a picture.", ("format",), buckets=SECONDS, registry=registry
        )
        self._model = Histogram(
            "cotam_model_seconds", "The model on one batch.", buckets=SECONDS, registry=registry
        )
        self._batch = Histogram(
            "cotam_batch_size", "Requests of a batch.", buckets=BATCHES, registry=registry
        )
        self._tokens = Counter("cotam_tokens", "Tokens of texts and pictures.", ("kind",), registry=registry)
        inside = Gauge("cotam_requests_in_flight", "Requests in work or waiting.", registry=registry)
        inside.set_function(lambda: gate.inside)
        self.waiting = Gauge("cotam_queue_length", "Requests that wait for the model.", registry=registry)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(route, str(status)).inc()
        self._latency.labels(route).observe(seconds)

    def received(self, picture: Picture) -> None:
        """Count a picture that came in."""
        self._images.labels(picture.format.lower()).inc()
        self._received.labels(picture.format.lower()).inc(len(picture.data))

    def decode(self, picture: Picture) -> Image.Image:
        """Decode a picture; count the time, and what a stream saved. Errors as in `cotam.serving.pictures.decode`."""
        start = perf_counter()
        image = decode(picture)
        self._decode.labels(picture.format.lower()).observe(perf_counter() - start)
        if picture.is_stream:
            jpeg = len(encoded(image, "JPEG", quality=JPEG_QUALITY))
            self._saved.inc(max(0, jpeg - len(picture.data)))
        return image

    @contextmanager
    def model_at_work(self, requests: int) -> Iterator[None]:
        """Measure the model's time on a batch."""
        start = perf_counter()
        yield
        self._model.observe(perf_counter() - start)
        self._batch.observe(requests)

    def used(self, prompt: int, completion: int) -> None:
        """Count tokens."""
        self._tokens.labels("prompt").inc(prompt)
        self._tokens.labels("completion").inc(completion)
