"""The same with the answer as it comes: python stream_openai.py http://127.0.0.1:8000 photo.jpg "What is this?"."""

import sys

from openai import OpenAI

from cotam.client import image_part

server, picture, question = sys.argv[1:]
client = OpenAI(base_url=f"{server}/v1", api_key="-")
model = client.models.list().data[0].id
content = [image_part(picture, max_bytes=2000), {"type": "text", "text": question}]
messages = [{"role": "user", "content": content}]
for chunk in client.chat.completions.create(model=model, messages=messages, stream=True):
    print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
