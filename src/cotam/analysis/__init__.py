"""Where compression hurts: a vision tower's attention and tokens, layer by layer, before and after coding.

The paper's analysis (CoTAM, section 2) as measurements of any tower, codec and set of pictures, with what its
reviewers asked for: definitions, several rates, classical codecs, and stage borders that are estimated.
"""

from cotam.analysis.attention import AttentionMeasures, measure_attention
from cotam.analysis.stages import Stages, estimate_stages
from cotam.analysis.token_similarity import cosine_similarity, linear_cka

__all__ = [
    "AttentionMeasures",
    "Stages",
    "cosine_similarity",
    "estimate_stages",
    "linear_cka",
    "measure_attention",
]
