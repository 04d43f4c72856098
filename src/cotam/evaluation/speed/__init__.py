"""``cotam bench speed``: stage by stage, beside what a user would take instead, in one run."""
