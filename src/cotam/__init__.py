"""cotam: image coding for multimodal LLMs."""
