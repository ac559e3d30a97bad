"""Single values that are changed become answers where a question means them, else --set flags; both mean the same values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.answers.test_questions import LAYERS, SANDBOX
from wizard.core.answers import value_edits
from wizard.core.answers.draft import Draft
from wizard.core.answers.questions import QUESTIONS
from wizard.core.answers.resolve import Destination, Layers, Resolved
from wizard.core.errors import Problem
from wizard.core.helm import values
from wizard.core.helm.strvals import SetFlag
from wizard.core.helm.value_tree import Origin
from wizard.core.helm.values import DELETE, ValueEdit, path_of


def resolved(draft: Draft, layers: Layers = LAYERS, table: Any = QUESTIONS) -> Resolved:
    return Resolved(draft, SANDBOX, layers, table, sound_only=True)


def change(draft: Draft, path: str, value: Any) -> Draft:
    return value_edits.changed(resolved(draft), path_of(path), value)


def at(draft: Draft, path: str) -> Any:
    return values.get(resolved(draft).whole, path_of(path))


@pytest.mark.parametrize(
    ("path", "value", "answers"),
    [
        ("replicaCount", 4, {"replicas": "4"}),
        ("resources.requests.cpu", "2", {"cpu": "2"}),
        ("ingress.enabled", True, {"expose": "ingress"}),
        ("service.type", "LoadBalancer", {"expose": "loadbalancer"}),
        ("autoscaling.enabled", True, {"scaling": "auto"}),
        ("postgresql.primary.persistence.storageClass", "standard", {"database.class": "standard"}),
        ("imagePullSecrets", [{"name": "mine"}], {"image.pullSecret": "mine"}),
        ("redis.enabled", False, {"cache": "none"}),
        ("smtp.host", "mail.example.org", {"smtp.host": "mail.example.org"}),
    ],
)
def test_a_value_that_a_question_means_changes_its_answer(path: str, value: Any, answers: dict[str, str]) -> None:
    draft = change(Draft(), path, value)
    assert (draft.answers, draft.sets) == (answers, ())
    assert values.same(at(draft, path), value)


def test_a_part_of_an_answer_changes_in_it() -> None:
    draft = change(Draft({"image": "ghcr.io/acme/app:v1"}), "image.tag", "v2")
    assert (draft.answers, draft.sets) == ({"image": "ghcr.io/acme/app:v2"}, ())


def test_a_value_answers_a_question_that_still_is_open() -> None:
    draft = Draft({"preset": "staging", "tls": "none"})
    assert "host" in resolved(draft).problems()
    hosts = [{"host": "api.acme.test", "paths": [{"path": "/", "pathType": "Prefix"}]}]
    draft = change(draft, "ingress.hosts", hosts)
    assert (draft.answers["host"], draft.sets) == ("api.acme.test", ())
    assert "host" not in resolved(draft).problems()


@pytest.mark.parametrize(
    ("path", "value", "flag"),
    [
        ("podLabels.team", "costs", SetFlag("--set", "podLabels.team=costs")),
        (
            "config.features.metrics",
            False,
            SetFlag("--set", "config.features.metrics=false"),
        ),  # the question has no answer for it alone
        ("replicaCount", "4", SetFlag("--set-string", "replicaCount=4")),
        ("args", ["serve", "-v"], SetFlag("--set-json", 'args=["serve", "-v"]')),
        ("securityContext.runAsNonRoot", DELETE, SetFlag("--set", "securityContext.runAsNonRoot=null")),
    ],
)
def test_any_other_value_is_a_set_flag(path: str, value: Any, flag: SetFlag) -> None:
    draft = change(Draft(), path, value)
    assert (draft.answers, draft.sets) == ({}, (flag,))
    assert values.same(at(draft, path), None if value is DELETE else value)


def test_an_answer_that_is_the_default_again_is_no_answer() -> None:
    draft = change(change(Draft(), "replicaCount", 4), "replicaCount", 1)
    assert (draft.answers, draft.sets) == ({}, ())


def test_a_flag_in_the_way_of_an_answer_is_taken_out_and_others_in_it_stay() -> None:
    draft = change(Draft(sets=(SetFlag("--set", "replicaCount=9,podLabels.a=b"),)), "replicaCount", 4)
    assert (draft.answers, draft.sets) == ({"replicas": "4"}, (SetFlag("--set", "podLabels.a=b"),))


def test_a_later_kind_of_flag_does_not_win_over_what_was_changed() -> None:
    draft = Draft(sets=(SetFlag("--set-file", "podLabels=x", ("file",)),))
    assert at(change(draft, "podLabels.a", "b"), "podLabels.a") == "b"
    literal = Draft(sets=(SetFlag("--set-literal", "podAnnotations.a=1"),))
    draft = change(literal, "podAnnotations.a", ["x"])
    assert at(draft, "podAnnotations.a") == ["x"]


def test_keys_with_dots_and_texts_with_commas_come_back_as_they_were() -> None:
    draft = Draft()
    for key, text in (("a.b/c", "one,two"), ("x=y", "{z}"), ("plain", "null")):
        draft = value_edits.changed(resolved(draft), ("podAnnotations", key), text)
        assert values.get(resolved(draft).whole, ("podAnnotations", key)) == text


def test_a_map_loses_the_keys_that_were_taken_out_of_it() -> None:
    draft = change(Draft(), "securityContext", {"runAsNonRoot": True})
    assert value_edits.same(at(draft, "securityContext"), {"runAsNonRoot": True})
    draft = change(draft, "securityContext", {})
    assert value_edits.same(at(draft, "securityContext"), {})


def test_a_change_is_taken_back_to_what_is_below() -> None:
    path = ("replicaCount",)
    draft = replace(change(Draft(), "replicaCount", 4), sets=(SetFlag("--set", "replicaCount=9"),))
    seen = [at(draft, "replicaCount")]
    for _ in range(3):
        draft = value_edits.reset(resolved(draft), path, 3)
        seen.append(at(draft, "replicaCount"))
    assert seen == [9, 4, 1, 3]  # the flag, the answer, the preset, the chart


def test_where_a_value_comes_from_is_known() -> None:
    files = replace(LAYERS, files=(("mine.yaml", {"podLabels": {"a": "b"}}),))
    draft = Draft({"replicas": "2"}, sets=(SetFlag("--set", "args=null"),))
    layers = value_edits.layers(resolved(draft, files))
    origins = {layer.origin: layer.tree for layer in layers}
    assert origins[Origin("--set")] == {"args": None}
    assert values.get(origins[Origin("answer")], ("replicaCount",)) == 2
    assert origins[Origin("file", "mine.yaml")] == {"podLabels": {"a": "b"}}
    assert origins[Origin("preset", "dev")] == LAYERS.presets["dev"]
    asked = value_edits.asked(resolved(draft))
    assert asked["replicaCount",].id == "replicas"
    assert ("args",) not in asked


def test_what_a_persons_own_file_says_stays_and_is_changed_like_any_other_value() -> None:
    tree = {"service": {"type": "NodePort"}, "ingress": {"enabled": False}, "podLabels": {"a": "b"}}
    there = Destination("mine.yaml", "", tree, is_start=True)
    mine = resolved(Draft(), replace(LAYERS, destination=there))
    origins = {layer.origin: layer.tree for layer in value_edits.layers(mine)}
    assert origins[Origin("file", "mine.yaml")] == there.tree
    assert value_edits.changed(mine, ("service", "type"), "LoadBalancer").answers == {"expose": "loadbalancer"}
    assert value_edits.changed(mine, ("podLabels", "a"), "c").sets == (SetFlag("--set", "podLabels.a=c"),)
    wanted = values.apply_edits(mine.whole, [ValueEdit(path_of("autoscaling.minReplicas"), 7)])
    assert value_edits.became(mine, wanted).answers == {"replicas": "7"}


def test_a_chart_without_questions_is_changed_by_flags_alone() -> None:
    bare = resolved(Draft(), Layers({"a": {"b": 1}, "l": ["x"]}, chart_name="other"), ())
    draft = value_edits.changed(bare, ("a", "b"), 2)
    assert draft.sets == (SetFlag("--set", "a.b=2"),)
    assert value_edits.became(bare, {"a": {}, "l": ["y"]}).sets == (
        SetFlag("--set", "a.b=null"),
        SetFlag("--set-json", 'l=["y"]'),
    )


def test_what_helm_cannot_set_is_a_problem() -> None:
    with pytest.raises(Problem):
        value_edits.changed(resolved(Draft()), ("podLabels", ""), "x")


LEAVES = [path for path, value in values.leaves(LAYERS.defaults) if path[-1] != "environment"]
NEW = (
    st.booleans()
    | st.integers(0, 9)
    | st.sampled_from(["x", "2Gi", "", "a,b", "LoadBalancer"])
    | st.lists(st.sampled_from("ab"), max_size=2)
)


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(st.sampled_from(LEAVES), NEW | st.just(DELETE)), min_size=1, max_size=5))
def test_whatever_is_changed_in_turn_each_change_holds(changes: list[tuple[values.Path, Any]]) -> None:
    draft = Draft({"image": "ghcr.io/acme/app:v1"})
    for path, value in changes:
        draft = value_edits.changed(resolved(draft), path, value)
        assert value_edits.same(values.get(resolved(draft).whole, path), None if value is DELETE else value)


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(st.sampled_from(LEAVES), NEW | st.just(DELETE)), min_size=1, max_size=5))
def test_an_edited_file_gives_exactly_its_values(changes: list[tuple[values.Path, Any]]) -> None:
    start = resolved(Draft({"replicas": "2"}, sets=(SetFlag("--set", "podLabels.a=b"),)))
    wanted = values.apply_edits(start.whole, [ValueEdit(path, value) for path, value in changes])
    draft = value_edits.became(start, wanted)
    assert value_edits.same(resolved(draft).whole, wanted)
