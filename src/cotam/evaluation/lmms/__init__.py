"""lmms-eval with every image coded on its way into the model; only `model` and `running` need lmms-eval itself."""
