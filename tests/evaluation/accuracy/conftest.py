"""Few resamples: intervals are tested by what they must hold, not by their digits."""

import pytest


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cotam.evaluation.accuracy.tables.RESAMPLES", 60)
    monkeypatch.setattr("cotam.levelvqa.scoring.RESAMPLES", 60)
