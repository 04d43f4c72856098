"""A model as a folder to hand on: its file and a page about it, in the form of the Hugging Face hub."""

import shutil
from pathlib import Path
from typing import Final

from cotam.checkpoint.hub import FILE
from cotam.checkpoint.registry import ModelCard

PAGE: Final = "README.md"


def model_page(card: ModelCard) -> str:
    """The page: front matter, what the model is, its sizes, and how to use it."""
    sizes = "\n".join(f"| {name} | {_plain(value)} |" for name, value in sorted(card.config.items()))
    return f"""---
library_name: cotam
tags:
- image-compression
- {card.architecture}
---

# {card.name}

A base codec for cotam: {card.description}.

| | |
| --- | --- |
| model id | `{card.model_id}` |
| architecture | {card.architecture} |
| numbers stored | {card.parameters:,} |
| file | {card.file_bytes:,} bytes |
{sizes}

```python
import cotam
codec = cotam.load_codec("OWNER/NAME@REVISION#{card.model_id}")
data = codec.encode("photo.jpg", quality=40)
```

Streams name their model by the id above: the first 4 bytes of the SHA-256 of all weights, tables and sizes. A file
with other content has another id and is refused.

**Intended use.** Pictures that a multimodal language model is asked about. **Not for** archiving, evidence, or
anything else in which an invented detail does harm.

**Licence.** That of the weights this was made from; state it here before you publish.
"""


def export_folder(card: ModelCard, folder: Path) -> list[Path]:
    """Write file and page into a folder, which is made if need be.

    Raises:
        FileExistsError: it holds one of them already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / FILE, folder / PAGE]
    for path in paths:
        if path.exists():
            raise FileExistsError(f"{path}: exists already; choose another folder")
    shutil.copyfile(card.path, paths[0])
    paths[1].write_text(model_page(card), encoding="utf-8")
    return paths


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
