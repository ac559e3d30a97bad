"""All values of a draft: read, changed one by one, edited as a file, shown as options of the command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.stub_session import StubChart, StubFiles, StubSession
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.helm import values
from wizard.core.helm.chart import Chart
from wizard.core.helm.strvals import SetFlag
from wizard.core.helm.value_tree import ValueNode

DEFAULTS: dict[str, Any] = {
    "replicaCount": 3, "global": {"environment": "production"}, "image": {"registry": "", "repository": "app", "tag": ""},
    "podLabels": {}, "extraEnv": [], "motd": "a\nb\n", "jwt": {"secret": ""}, "smtp": {"host": ""}, "database": {"password": ""},
}  # fmt: skip
SCHEMA = {
    "properties": {
        "replicaCount": {"type": "integer", "minimum": 0},
        "podLabels": {"additionalProperties": {"type": "string"}},
    }
}


@pytest.fixture
def disk() -> StubFiles:
    return StubFiles()


@pytest.fixture
def session(disk: StubFiles) -> StubSession:
    chart = Chart(
        "/chart", "llm-cost-ops", "1.0.0", "1.0.0", "", DEFAULTS, {"dev": {}, "staging": {}, "prod": {}}, {}, {}
    )
    return StubSession(charts=StubChart(chart, schema=SCHEMA), files=disk)


def node(session: StubSession, draft: Draft, path: str) -> ValueNode:
    found = session.values.show(draft).tree.get(values.path_of(path))
    assert found is not None
    return found


def test_a_value_is_changed_and_shown_as_options(session: StubSession) -> None:
    draft = session.values.change(Draft(), node(session, Draft(), "replicaCount"), 5)
    draft = session.values.change(draft, node(session, draft, "podLabels"), {"team": "a b"})
    assert (draft.answers, draft.sets) == ({"replicas": "5"}, (SetFlag("--set", "podLabels.team=a b"),))
    assert session.values.flags(draft) == ("--answer replicas=5", "--set 'podLabels.team=a b'")
    assert node(session, draft, "podLabels.team").origin.kind == "--set"
    assert session.values.reset(draft, node(session, draft, "podLabels.team")).sets == ()


def test_what_the_schema_does_not_take_is_refused_in_its_words(session: StubSession) -> None:
    with pytest.raises(Problem, match="replicaCount: minimum 0: -1 does not fit"):
        session.values.change(Draft(), node(session, Draft(), "replicaCount"), -1)


@pytest.mark.parametrize(
    ("path", "where"), [("jwt.secret", "--secret-file jwt=PATH"), ("database.password", "Secret of the cluster")]
)
def test_a_secret_is_not_changed_here_and_is_told_where_to_give_it(session: StubSession, path: str, where: str) -> None:
    secret = node(session, Draft(), path)
    with pytest.raises(Problem, match="is a secret") as caught:
        session.values.change(Draft(), secret, "x")
    assert where in caught.value.next_step
    with pytest.raises(Problem, match="is a secret"):
        session.values.reset(Draft(), secret)


@pytest.mark.parametrize(
    ("path", "line", "value"),
    [
        ("replicaCount", "7", 7), ("replicaCount", "x", "x"), ("image.tag", "7", "7"), ("image.tag", "null", "null"),
        ("podLabels", "{a: b}", {"a": "b"}), ("extraEnv", '[{"name": "A"}]', [{"name": "A"}]),
    ],
)  # fmt: skip
def test_a_typed_line_means_a_value_of_its_kind(session: StubSession, path: str, line: str, value: Any) -> None:
    assert session.values.of_line(node(session, Draft(), path), line) == value


def test_a_line_that_is_no_list_is_a_problem(session: StubSession) -> None:
    with pytest.raises(Problem, match="not YAML"):
        session.values.of_line(node(session, Draft(), "extraEnv"), "[a")


def test_a_text_goes_to_the_editor_as_it_is_and_back(session: StubSession) -> None:
    motd, tag = node(session, Draft(), "motd"), node(session, Draft(), "image.tag")
    assert session.values.text(motd) == "a\nb\n"
    assert session.values.of_text(Draft(), motd, "a\nc\n").sets == (SetFlag("--set", "motd=a\nc\n"),)
    assert session.values.of_text(Draft(), tag, "v2\n").sets == (SetFlag("--set", "image.tag=v2"),)


def test_a_list_goes_to_the_editor_with_its_key_and_back(session: StubSession) -> None:
    env = node(session, Draft(), "extraEnv")
    assert session.values.text(env) == "# extraEnv: list\n\nextraEnv: []\n"
    draft = session.values.of_text(Draft(), env, "extraEnv:\n  - name: A\n")
    assert draft.sets == (SetFlag("--set-json", 'extraEnv=[{"name": "A"}]'),)
    for bad in ("", "other: 1\n", "extraEnv: []\nb: 1\n", "- x\n"):
        with pytest.raises(Problem, match="not extraEnv: VALUE"):
            session.values.of_text(Draft(), env, bad)


def edited(session: StubSession, draft: Draft, change: Callable[[str], str]) -> Draft:
    return session.values.of_file(draft, change(session.values.file(draft)))


def test_an_edited_file_becomes_answers_and_flags(session: StubSession) -> None:
    start = Draft({"replicas": "4"})
    assert edited(session, start, str) == start
    draft = edited(session, start, lambda text: text.replace("replicaCount: 4", "replicaCount: 6\npodLabels:\n  a: b"))
    assert (draft.answers, draft.sets) == ({"replicas": "6"}, (SetFlag("--set", "podLabels.a=b"),))
    assert (
        edited(
            session,
            draft,
            lambda text: "\n".join(line for line in text.split("\n") if not line.startswith(("podLabels:", "  a: b"))),
        ).sets
        == ()
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: [", "the edited file, line 2, column 1 is not YAML"),
        ("replicaCount: 1\nreplicaCount: 2\n", "a key is named here that line 1 names"),
        ("- a\n", "the edited file is not a values file"),
        ("replicaCount: many\n", "replicaCount: type: integer is wanted, not string"),
        ("database:\n  password: hunter2\n", "database.password would hold a secret"),
        ("jwt:\n  secret: hunter2\n", "jwt.secret would hold a secret"),
        ("extraEnv:\n  - name: DB_PASSWORD\n    value: hunter2\n", r"extraEnv\[0\].value would hold a secret"),
    ],
)
def test_a_file_that_cannot_be_taken_says_why(session: StubSession, text: str, what: str) -> None:
    with pytest.raises(Problem, match=what):
        session.values.of_file(Draft(), text)


def test_a_secret_of_a_persons_file_is_masked_in_the_editor_and_stays(session: StubSession, disk: StubFiles) -> None:
    disk.texts["mine.yaml"] = (
        "database:\n  password: hunter2hunter2\nextraEnv:\n  - name: API_TOKEN\n    value: abcdefghijk\n"
    )
    draft = replace(Draft(), files=("mine.yaml",))
    text = session.values.file(draft)
    assert "hunter2" not in text
    assert "abcdefghijk" not in text
    assert edited(session, draft, lambda text: text + "replicaCount: 5\n").sets == ()
    with pytest.raises(Problem, match="would hold a secret"):
        edited(
            session,
            draft,
            lambda text: re.sub(r"password: .*", "password: other", text),
        )


def test_a_file_with_a_secret_of_our_chart_is_refused_as_a_plan_refuses_it(
    session: StubSession, disk: StubFiles
) -> None:
    disk.texts["mine.yaml"] = "jwt:\n  secret: hunter2hunter2\n"
    with pytest.raises(Problem, match=r"holds a secret at jwt\.secret"):
        session.values.file(replace(Draft(), files=("mine.yaml",)))


def test_a_persons_own_file_goes_to_the_editor_with_its_comments(session: StubSession, disk: StubFiles) -> None:
    disk.texts["mine.yaml"] = "# ours\nreplicaCount: 4  # since May\n"
    draft = replace(Draft(), write="mine.yaml")
    assert session.values.file(draft).startswith(disk.texts["mine.yaml"])
    assert edited(session, draft, str) == draft
    assert edited(session, draft, lambda text: text.replace("replicaCount: 4", "replicaCount: 5")).answers == {
        "replicas": "5"
    }


def test_a_persons_own_file_with_a_secret_goes_to_the_editor_without_it(session: StubSession, disk: StubFiles) -> None:
    disk.texts["mine.yaml"] = "# password: hunter2hunter2\nreplicaCount: 4\n"
    assert "hunter2" not in session.values.file(replace(Draft(), write="mine.yaml"))
