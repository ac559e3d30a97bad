"""The way in, rung by rung: what a request met around what the API shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.rules.test_routing import MINE, service, snapshot
from wizard.core.reach.result import Reach, WayIn
from wizard.core.rules.diagnosis import way_in

GOOD = WayIn(
    "Ingress/mine", "https://a.test/health", "pass", "answers", "", "a.test is 203.0.113.7", "203.0.113.7:443 connects",
    "certificate verified, good for 89 days", "HTTP 200 at /health",
)  # fmt: skip
NO_NAME = WayIn(
    "Ingress/mine", "https://a.test/health", "waiting", "waiting for you", "Create that DNS record.", "a.test does not resolve",
    "203.0.113.7:443 connects", "", "HTTP 200 at /health", "dns",
)  # fmt: skip
EXPIRED = WayIn(
    "Ingress/mine", "https://a.test/health", "fail", "x", "Renew it.", "a.test is 203.0.113.7", "203.0.113.7:443 connects",
    "its certificate has expired", broken="tls",
)  # fmt: skip
SLOW = WayIn("Ingress/mine", "https://a.test", "unknown", "no answer within 2 s")


@pytest.mark.parametrize(
    ("ways", "rungs"),
    [
        ((GOOD,), ["DNS pass", "connection pass", "certificate pass", "*", "HTTP pass"]),
        (
            (NO_NAME,),
            ["DNS waiting a.test does not resolve. Create that DNS record", "connection pass", "*", "HTTP pass"],
        ),
        (
            (GOOD, EXPIRED),
            ["DNS pass", "connection pass", "certificate fail its certificate has expired. Renew it", "*"],
        ),
        ((SLOW,), ["*"]),
        ((), ["*"]),
    ],
    ids=["all hold", "no name", "the second of two ways is broken", "nothing was met", "not asked"],
)
def test_the_first_rung_that_does_not_hold_says_what_to_do(ways: tuple[WayIn, ...], rungs: list[str]) -> None:
    world = snapshot(MINE, service())
    inside = [step.name for step in way_in(world, (), frozenset())]
    assert [name.partition("/")[0] for name in inside][:1] == ["Ingress"]
    steps = list(way_in(replace(world, reach=Reach("pass", "x", "", ways)), (), frozenset()))
    said = [
        f"{step.name} {step.state}{f' {step.text}' if step.state != 'pass' else ''}"
        for step in steps
        if step.name not in inside
    ]
    assert said == [rung for rung in rungs if rung != "*"]
    assert [step.name for step in steps][rungs.index("*") :][: len(inside)] == inside
