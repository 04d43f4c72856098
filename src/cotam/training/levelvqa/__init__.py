"""Training of the embedded MLLM on LevelVQA."""
