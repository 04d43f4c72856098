"""Ask with LiteLLM: python ask_litellm.py http://127.0.0.1:8000 photo.jpg "What is this?"."""

import sys

import httpx
import litellm

from cotam.client import image_part

server, picture, question = sys.argv[1:]
model = httpx.get(f"{server}/v1/models").json()["data"][0]["id"]
content = [image_part(picture, max_bytes=2000), {"type": "text", "text": question}]
reply = litellm.completion(
    model=f"openai/{model}",
    api_base=f"{server}/v1",
    api_key="-",
    messages=[{"role": "user", "content": content}],
)
print(reply.choices[0].message.content)
