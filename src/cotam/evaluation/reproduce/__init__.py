"""``cotam eval reproduce``: the papers' main figures and tables at the scale of a desk."""
