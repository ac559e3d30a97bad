"""The registry of checks: needs decide first, then the rule."""

from __future__ import annotations

import re

from wizard.core.rules.check import Absent, Check, Facts, Outcome, Unknown, accept, all_checks, ready_to_run


def _body(facts: Facts) -> Outcome:
    return Outcome("pass" if facts["a"] == 1 else "fail", (f"a is {facts['a']}",), "Make a 1.")


CHECK = Check("T01", "A is one", ("a",), "B", _body)


def test_an_unknown_fact_makes_the_check_unknown_with_the_permission_that_settles_it() -> None:
    result = CHECK.evaluate({"a": Unknown("a was not seen", "get a")})
    assert (result.state, result.evidence, result.next_step, result.blocking) == (
        "unknown", ("a was not seen",), "To settle it: get a.", False,
    )  # fmt: skip


def test_a_rule_that_fails_makes_its_check_unknown_and_no_other() -> None:
    broken = Check("T02", "B", ("a",), "B", lambda facts: Outcome("pass", (facts["a"]["b"],)))
    results = list(ready_to_run((broken, CHECK), {"a": 1}, set()))
    assert [result.state for result in results] == ["unknown", "pass"]
    assert results[0].evidence == ("the wizard failed to judge it (TypeError: 'int' object is not subscriptable)",)


def test_an_absent_fact_skips_the_check_and_says_why() -> None:
    assert CHECK.evaluate({"a": Absent("namespace not there yet")}).state == "skipped"


def test_a_rule_that_fails_on_an_object_of_a_shape_that_it_does_not_know_is_unknown_and_stops_no_other() -> None:
    def broken(facts: Facts) -> Outcome:
        raise KeyError(facts["a"]["spec"])

    found = list(ready_to_run((Check("T02", "B", ("a",), "B", broken), CHECK), {"a": {"spec": "x"}}, set()))
    assert [(one.id, one.state, one.blocking) for one in found] == [("T02", "unknown", False), ("T01", "fail", True)]
    assert "failed to judge it (KeyError: 'x')" in found[0].evidence[0]


def test_a_failed_check_of_severity_b_blocks_until_it_is_accepted() -> None:
    result = CHECK.evaluate({"a": 2})
    assert result.blocking
    accepted = accept(result, "known")
    assert (accepted.state, accepted.blocking, accepted.evidence[-1]) == ("warn", False, "accepted: known")


def test_a_check_runs_once_and_only_when_its_facts_are_in() -> None:
    done: set[str] = set()
    assert list(ready_to_run((CHECK,), {}, done)) == []
    assert [one.state for one in ready_to_run((CHECK,), {"a": 1}, done)] == ["pass"]
    assert list(ready_to_run((CHECK,), {"a": 1}, done)) == []


def test_every_registered_check_has_a_catalogue_id_a_title_and_needs() -> None:
    for one in all_checks():
        assert re.fullmatch(r"[A-Z]\d\d", one.id)
        assert one.title
        assert one.needs
        assert one.severity in {"B", "W", "I"}
