"""The numbers of the exact layers, which every form of them shares. No torch here.

Activations are integers in units of 2^-8, kept in 16 bits; weights are 16-bit integers with one power-of-two scale a
layer. `cotam.ops.fixed_point` says how the layers work.
"""

FRACTION_BITS = 8
ONE = 1 << FRACTION_BITS
"""The integer activation that stands for 1.0."""
MAX_ACTIVATION = (1 << 15) - 1
MAX_WEIGHT = (1 << 15) - 1
MAX_SHIFT = 20
MAX_EXACT = 1 << 53
"""Sums below it are exact in float64, in any order."""
LEAK_BITS = 3
