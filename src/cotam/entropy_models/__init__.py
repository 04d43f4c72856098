"""Entropy models: what the distribution of every latent is, given what the decoder already knows.

`gaussian` is the family of distributions, `hyperprior` and `quadtree` the networks that choose a member for each
latent. The networks come in the two forms of `cotam.ops.fixed_point`; their code is the same for both.
"""
