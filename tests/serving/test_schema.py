"""schemathesis against the server's own description: nothing that it thinks of is a 500."""

from typing import Any

import pytest

schemathesis = pytest.importorskip("schemathesis")
hypothesis = pytest.importorskip("hypothesis")

EXAMPLES = 15


@pytest.mark.filterwarnings("ignore")
def test_no_request_that_the_schema_allows_or_forbids_is_a_500(local: Any) -> None:
    schema = schemathesis.openapi.from_url(f"{local.url}/openapi.json")
    modes = list(schemathesis.GenerationMode)
    tried = 0
    for operation in (found.ok() for found in schema.get_all_operations()):

        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=hypothesis.strategies.one_of(*(operation.as_strategy(mode) for mode in modes)))
        def probe(case: Any) -> None:
            nonlocal tried
            tried += 1
            reply = case.call(timeout=30)
            assert reply.status_code < 500, (case.method, case.path, reply.text)

        probe()
    assert tried > EXAMPLES
    assert local.client.get("/healthz").status_code == 200
