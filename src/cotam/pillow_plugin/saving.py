"""``Image.save`` of .cotam: still pictures, and with ``save_all`` sequences."""

from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import IO, Any

from PIL import Image, ImageSequence

from cotam.bitstream.limits import MAX_QUALITY, MIN_QUALITY
from cotam.pillow_plugin.given_codec import codec_given, encoded
from cotam.pillow_plugin.opening import DEFAULT_DURATION

DEFAULT_QUALITY = 40
"""Quality of ``save`` without one."""
METADATA_KEYS = ("exif", "icc_profile", "xmp")


def save(image: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    """Write a picture as a stream; options are in ``image.encoderinfo``, as Pillow has it."""
    options: dict[str, Any] = image.encoderinfo
    quality, target_bytes = _rate(options)
    source, keep_metadata = _with_metadata(image, options)
    fp.write(encoded(source, quality, target_bytes=target_bytes, keep_metadata=keep_metadata))


def save_all(image: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    """Write all frames of ``image`` and of ``append_images`` as a sequence."""
    from cotam.video import VideoEncoder

    options: dict[str, Any] = image.encoderinfo
    quality, target_bytes = _rate(options)
    if options.get("keep_metadata") or any(options.get(key) for key in METADATA_KEYS):
        raise ValueError("save_all stores no metadata; leave out keep_metadata, exif, icc_profile and xmp")
    images = [image, *options.get("append_images", ())]
    grey = all(each.mode == "L" and getattr(each, "n_frames", 1) == 1 for each in images)
    time, place = 0, image.tell()
    with VideoEncoder(fp, codec_given(), quality, target_bytes=target_bytes) as encoder:
        frames = chain.from_iterable(ImageSequence.Iterator(each) for each in images)
        for frame, duration in zip(frames, _durations(options.get("duration")), strict=False):
            encoder.add(frame if grey else frame.convert("RGB"), time)
            time += frame.info.get("duration", DEFAULT_DURATION) if duration is None else duration
    image.seek(place)


def _durations(given: Any) -> Iterator[int | None]:
    """How long each frame lasts, without end; None where the frame says itself."""
    listed: Iterable[int | None] = given if isinstance(given, list | tuple) else ()
    return chain(listed, repeat(None if isinstance(given, list | tuple) else given))


def _rate(options: dict[str, Any]) -> tuple[float, int | None]:
    quality, target_bytes = options.get("quality"), options.get("target_bytes")
    if quality is not None and target_bytes is not None:
        raise ValueError("quality and target_bytes exclude each other: give one")
    return DEFAULT_QUALITY if quality is None else _checked_quality(quality), target_bytes


def _checked_quality(quality: Any) -> float:
    number = isinstance(quality, int | float) and not isinstance(quality, bool)
    if not number or not MIN_QUALITY <= quality <= MAX_QUALITY:
        raise ValueError(f"quality must be a number from {MIN_QUALITY:g} to {MAX_QUALITY:g}, not {quality!r}")
    return float(quality)


def _with_metadata(image: Image.Image, options: dict[str, Any]) -> tuple[Image.Image, bool]:
    """The picture with the metadata to be stored in its ``info``, and whether there may be any."""
    given = {key: options[key] for key in METADATA_KEYS if key in options}
    keep = bool(options.get("keep_metadata", False))
    if not given:
        return image, keep
    if isinstance(given.get("exif"), Image.Exif):
        given["exif"] = given["exif"].tobytes()
    dropped = () if keep else METADATA_KEYS
    source = image.copy()
    source.info = {key: value for key, value in image.info.items() if key not in dropped}
    source.info.update(given)
    return source, True
