"""Plugins by which others read ``.cotam`` themselves: vLLM, SGLang, Hugging Face `datasets`, WebDataset.

None of them needs a web server, and each imports its host only when the host calls it.
"""
