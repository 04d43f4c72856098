"""The real `openai` client against the server, and against a proxy in front of it."""

from typing import Any

import pytest
from PIL import Image

from cotam.client import image_part

openai = pytest.importorskip("openai")
QUESTION = {"type": "text", "text": "how many stars are there?"}


def client_of(served: Any, **options: Any) -> Any:
    return openai.OpenAI(base_url=f"{served.url}/v1", api_key="-", max_retries=0, timeout=30, **options)


def asked(client: Any, content: list[Any], **options: Any) -> Any:
    messages = [{"role": "user", "content": content}]
    return client.chat.completions.create(model="small", messages=messages, max_tokens=6, **options)


@pytest.mark.parametrize("way", ["local", "proxy"])
def test_the_client_has_the_same_answer_streaming_and_not(
    local: Any, proxy: Any, photo: Image.Image, make_photo: Any, way: str
) -> None:
    content = [image_part(photo, quality=30), image_part(make_photo(seed=3), max_bytes=500), QUESTION]
    client = client_of({"local": local, "proxy": proxy}[way])
    whole = asked(client, content)
    chunks = list(asked(client, content, stream=True, stream_options={"include_usage": True}))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert whole.choices[0].message.content == said == local.text(*content)
    assert chunks[-1].usage == whole.usage
    assert [model.id for model in client.models.list()] == ["small"]


@pytest.mark.parametrize("way", ["local", "proxy"])
def test_errors_are_the_clients_own(local: Any, proxy: Any, way: str) -> None:
    client = client_of({"local": local, "proxy": proxy}[way])
    bad = {"type": "image_url", "image_url": {"url": "data:image/x-cotam;base64,i0NUTQ=="}}
    with pytest.raises(openai.BadRequestError) as raised:
        asked(client, [bad, QUESTION])
    assert raised.value.param == "messages[0].content[0]"
    assert raised.value.code == "bad_stream"
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="other", messages=[{"role": "user", "content": "hello"}])
