"""Plugins for other engines: vLLM and SGLang read ``.cotam`` themselves, Ray Serve runs this server.

Each imports its host only when the host calls it.
"""
