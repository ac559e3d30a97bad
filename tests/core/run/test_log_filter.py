from __future__ import annotations

import pytest

from wizard.core.run.log_buffer import Line
from wizard.core.run.log_filter import LogFilter

OWNERS = {"api-1": "Deployment/api"}
LINES = {
    "plain": Line("", "api-1", "app", False, "listening on 8080"),
    "json": Line("", "api-1", "app", False, '{"level":"warn","msg":"pool timed out"}'),
    "old": Line("", "api-1", "app", True, "panic: runtime error"),
    "proxy": Line("", "api-1", "proxy", False, "[error] upstream 8080"),
    "other": Line("", "db-0", "postgres", False, "LOG:  checkpoint complete"),
    "gap": Line("", "db-0", "postgres", False, "lines may be missing", True),
}


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        (LogFilter(), set(LINES)),
        (LogFilter("POOL"), {"json"}),
        (LogFilter("8080"), {"plain", "proxy"}),
        (LogFilter(previous=True), {"old"}),
        (LogFilter(warnings=True), {"json", "old", "proxy", "gap"}),
        (LogFilter(source="Deployment/api"), {"plain", "json", "old", "proxy"}),
        (LogFilter(source="Pod/api-1/proxy"), {"proxy"}),
        (LogFilter(source="Pod/db-0"), {"other", "gap"}),
        (LogFilter("8080", warnings=True, source="Deployment/api"), {"proxy"}),
        (LogFilter(source="Deployment/gone"), set()),
    ],
)
def test_a_filter_chooses_lines(chosen: LogFilter, shown: set[str]) -> None:
    fits = chosen.matching(lambda pod: OWNERS.get(pod, ""))
    assert {name for name, line in LINES.items() if fits(line)} == shown
    assert chosen.shows_all == (chosen == LogFilter())
