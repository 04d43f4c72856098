"""Entropy coding: symbols and integer frequency tables to bytes and back, exactly, on every machine.

``tables`` holds the integer tables that are stored with a model's weights, ``quantisation`` makes them from
probabilities, ``ans`` is the fast coder of a frame, ``escapes`` codes what lies outside a table,
``level_map`` codes the level map, and ``reference`` says the same again in plain Python, to be read.
"""

from cotam.entropy_coding.ans import FrameReader, FrameWriter
from cotam.entropy_coding.categorical import PRECISION
from cotam.entropy_coding.escapes import MAX_SYMBOL
from cotam.entropy_coding.level_map import read_level_map, write_level_map
from cotam.entropy_coding.quantisation import quantise_probabilities
from cotam.entropy_coding.tables import TableSet

__all__ = [
    "MAX_SYMBOL",
    "PRECISION",
    "FrameReader",
    "FrameWriter",
    "TableSet",
    "quantise_probabilities",
    "read_level_map",
    "write_level_map",
]
