"""Ask about a picture with OpenAI's client: python ask_openai.py http://127.0.0.1:8000 photo.jpg "What is this?"."""

import sys

from openai import OpenAI

from cotam.client import image_part

server, picture, question = sys.argv[1:]
client = OpenAI(base_url=f"{server}/v1", api_key="-")
model = client.models.list().data[0].id
content = [image_part(picture, max_bytes=2000), {"type": "text", "text": question}]
reply = client.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
print(reply.choices[0].message.content)
