"""Hundreds of hostile bodies: right statuses, no growth, and a server that still answers."""

import base64
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cotam
from cotam.client import image_part
from cotam.serving import Limits, Settings
from cotam.serving.pictures import encoded

QUESTION = "how many stars are there?"
BODIES = 500
GROWTH = 96 * 2**20
"""Bytes that the process may have grown by after all of them; pictures in work are far larger together."""
STATUSES = {200, 400, 404, 413}


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def hostile(served: Any, make_photo: Any) -> Iterator[bytes]:
    rng = random.Random(8)
    stream, png = cotam.encode(make_photo(seed=1), 20), encoded(make_photo(seed=1), "PNG")
    whole = json.dumps(served.body(image_part(stream), QUESTION)).encode()

    def part(data: bytes, mime: str = "image/x-cotam") -> dict[str, Any]:
        url = f"data:{mime};base64,{base64.b64encode(data).decode()}"
        return {"type": "image_url", "image_url": {"url": url}}

    def body(*content: Any, **more: Any) -> bytes:
        return json.dumps(served.body(*content, **more)).encode()

    def flipped(data: bytes) -> bytes:
        spoilt = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
        return bytes(spoilt)

    def nested(depth: int) -> Any:
        return json.loads("[" * depth + "]" * depth)

    makers: list[Callable[[], bytes]] = [
        lambda: whole[: rng.randrange(len(whole))],
        lambda: flipped(whole),
        lambda: body(part(flipped(stream)), QUESTION),
        lambda: body(part(stream[: rng.randrange(len(stream))]), QUESTION),
        lambda: body(part(flipped(png), "image/png"), QUESTION),
        lambda: body(part(png[: rng.randrange(len(png))], "image/png"), QUESTION),
        lambda: body(part(png, rng.choice(["text/html", "image/x-cotam", "application/json", ""])), QUESTION),
        lambda: body(*[part(stream)] * rng.choice([17, 100, 1000]), QUESTION),
        lambda: body({"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 9999}}),
        lambda: body({"type": "image_url", "image_url": nested(50)}, QUESTION),
        lambda: b'{"model": "small", "messages": ' + b"[" * 50_000,
        lambda: rng.randbytes(rng.randrange(400)),
        lambda: whole.replace(b"stars", rng.choice([b"\xff\xfe", b"\xed\xa0\x80", b"\\ud800", b"\\u0000"])),
        lambda: body(QUESTION, **{rng.choice(["n", "max_tokens", "stop", "stream", "model"]): nested(3)}),
        lambda: body(QUESTION, max_tokens=rng.choice([-1, 0, 2**80, 1.5, True, "x", None])),
        lambda: body("<image> <image>", part(stream)),
        lambda: body("star " * rng.choice([600, 30_000])),
        lambda: b" " * 300_000,
        lambda: body(part(b"RIFF\xff\xff\xff\xffWEBPVP8 " + rng.randbytes(40), "image/webp"), QUESTION),
        lambda: body(part(b"\x00\x00\x00\x1cftypavif" + rng.randbytes(60), "image/avif"), QUESTION),
    ]
    for number in range(BODIES):
        yield makers[number % len(makers)]()


def test_hostile_bodies_have_right_statuses_and_leave_nothing(
    serve_mllm: Callable[..., Any], make_photo: Any
) -> None:
    limits = Limits(body_bytes=200_000, request_seconds=60)
    with serve_mllm(Settings(limits)) as served:
        good = image_part(make_photo(seed=1), quality=20)
        answer = served.text(good, QUESTION)
        bodies = list(hostile(served, make_photo))
        seen: dict[int, int] = {}
        before = 0
        for number, body in enumerate(bodies):
            reply = served.post(body)
            assert reply.status_code in STATUSES, (reply.text, body[:200])
            if reply.status_code != 200:
                served.error(reply, reply.status_code)
            seen[reply.status_code] = seen.get(reply.status_code, 0) + 1
            if number == BODIES // 10:
                before = resident()
        assert resident() - before < GROWTH
        assert sum(seen.values()) == BODIES
        assert seen[400] > BODIES // 2
        assert seen[413] >= BODIES // len(STATUSES) // 10
        assert served.text(good, QUESTION) == answer
        assert served.app.state.gate.inside == 0
