"""What is there already stays: the values file is edited in place, and other releases' files are left alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.stub_session import StubSession
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.helm import strvals, values
from wizard.engine.answers import Prepared

MINE = """# our values
global: {environment: development}   # a lab
image:
    repository: "ghcr.io/acme/llm"
    tag: 'v1'
# two are enough
replicaCount: 2
podLabels: {team: data}
jwt: {existingSecret: mine}
postgresql: {auth: {existingSecret: pg, secretKeys: {urlPasswordKey: password}}}
redis: {auth: {existingSecret: redis, existingSecretUrlPasswordKey: password}}
prometheus: {enabled: false}
grafana: {enabled: false}
ingress: {enabled: false}
autoscaling: {enabled: false}
config: {features: {metrics: true}}
"""


def prepared(**draft: Any) -> Prepared:
    session = StubSession()
    return session.answers.prepare(replace(Draft(), **{"files": (), **draft}))


def load(text: str) -> dict[str, Any]:
    tree: dict[str, Any] = YamlDocuments().load(text, "values")
    return tree


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mine.yaml"
    file.write_text(MINE)
    return file


def changed_lines(before: str, after: str) -> list[str]:
    return [line for line in after.splitlines() if line not in before.splitlines()]


@pytest.mark.parametrize("files", [("mine.yaml",), ()])
def test_without_a_change_a_file_is_not_touched(files: tuple[str, ...], mine: Path) -> None:
    known = prepared(files=files, write="mine.yaml")
    assert known.text == MINE
    assert known.diff() == ()
    assert known.write() == ()
    assert [file.name for file in mine.parent.glob("mine*")] == ["mine.yaml"]


@pytest.mark.parametrize("files", [("mine.yaml",), ()])
def test_one_answer_changes_one_line(files: tuple[str, ...], mine: Path) -> None:
    known = prepared(files=files, write="mine.yaml", answers={"replicas": "5"})
    assert known.text == MINE.replace("replicaCount: 2", "replicaCount: 5")
    known.write()
    assert mine.read_text() == known.text


def test_a_flag_changes_its_line_and_null_takes_one_back(mine: Path) -> None:
    known = prepared(write="mine.yaml", sets=(strvals.SetFlag("--set", "podLabels.team=ops,replicaCount=null"),))
    assert changed_lines(MINE, known.text) == ["replicaCount: null", "podLabels: {team: ops}"]


def test_the_preset_changes_an_edited_file_only_when_it_changes(mine: Path) -> None:
    same = prepared(write="mine.yaml", answers={"preset": "dev"})
    assert same.text == MINE
    other = prepared(write="mine.yaml", answers={"preset": "staging", "host": "a.acme.test"})
    tree = load(other.text)
    assert values.get(tree, ("global", "environment")) == "staging"
    assert tree["podLabels"] == {"team": "data"}
    assert other.text.startswith("# our values\nglobal: {environment: staging}   # a lab\n")


def test_files_beside_the_edited_one_are_written_into_it(mine: Path) -> None:
    (mine.parent / "team.yaml").write_text("podLabels: {cost: c7}\nreplicaCount: 9\n")
    known = prepared(files=("team.yaml", "mine.yaml"), write="mine.yaml")
    assert changed_lines(MINE, known.text) == ['podLabels: {team: data, "cost": c7}']


def test_with_other_files_the_file_that_is_there_keeps_its_comments_but_gives_no_values(mine: Path) -> None:
    (mine.parent / "team.yaml").write_text("replicaCount: 9\nimage: {repository: ghcr.io/acme/llm, tag: v1}\n")
    known = prepared(files=("team.yaml",), write="mine.yaml")
    tree = load(known.text)
    assert tree["replicaCount"] == 9
    assert tree["podLabels"] == {}
    assert "# two are enough\nreplicaCount: 9\n" in known.text


def test_an_upgrade_edits_the_file_to_what_runs_and_the_answers(mine: Path) -> None:
    running = {**load(MINE), "podLabels": {"team": "ops"}}
    known = prepared(running=running, write="mine.yaml", answers={"replicas": "3"})
    assert changed_lines(MINE, known.text) == ["replicaCount: 3", "podLabels: {team: ops}"]


def test_a_new_file_is_found_again_as_it_was_made(mine: Path) -> None:
    answers = {"image": "ghcr.io/acme/llm:v3", "namespace": "team", "replicas": "2"}
    first = prepared(answers=answers)
    first.write()
    again = prepared(answers={"namespace": "team"})
    assert again.file.path == first.file.path == "./llm-cost-ops.dev.values.yaml"
    assert again.text == first.text
    assert again.resolved["image"] == answers["image"]
    assert again.resolved["replicas"] == "2"


def test_the_file_of_another_release_or_namespace_is_left_alone(mine: Path) -> None:
    answers = {"image": "ghcr.io/acme/llm:v3", "namespace": "one"}
    first = prepared(answers=answers)
    first.write()
    second = prepared(answers={**answers, "namespace": "two"})
    assert second.file.path == "./llm-cost-ops.two.dev.values.yaml"
    second.write()
    assert "namespace one." in (mine.parent / first.file.path).read_text()
    named = prepared(answers={**answers, "namespace": "two"}, write=first.file.path)
    assert named.resolved["namespace"] == "two", "the questions go on"
    with pytest.raises(Problem, match=r"holds the values of release llm-cost-ops in namespace one; it is left alone"):
        named.text  # noqa: B018 - it is made when it is read


def test_a_file_that_cannot_be_edited_is_said_with_its_line_and_left_alone(mine: Path) -> None:
    mine.write_text("a: [\n")
    known = prepared(write="mine.yaml", answers={"image": "ghcr.io/acme/llm:v3"})
    with pytest.raises(Problem, match=r"mine.yaml, line 2, column 1 is not YAML"):
        known.write()
    assert mine.read_text() == "a: [\n"


def test_a_file_that_changes_after_it_was_read_is_read_again(mine: Path) -> None:
    session = StubSession()
    draft = Draft(write="mine.yaml", answers={"replicas": "5"})
    seen = session.answers.prepare(draft)
    assert "replicaCount: 5" in seen.text
    mine.write_text(MINE + "podAnnotations: {by: somebody}\n")
    with pytest.raises(Problem, match="was changed by somebody"):
        seen.write()
    session.answers.prepare(draft).write()
    assert mine.read_text() == MINE.replace("replicaCount: 2", "replicaCount: 5") + "podAnnotations: {by: somebody}\n"


def test_an_empty_file_is_values_as_helm_takes_it(mine: Path) -> None:
    mine.write_text("# nothing yet\n")
    known = prepared(files=("mine.yaml",), write="mine.yaml", answers={"image": "ghcr.io/acme/llm:v3"})
    assert known.resolved["preset"] == "dev"
    assert known.text.startswith("# nothing yet\n")
    assert values.get(load(known.text), ("image", "tag")) == "v3"


SECRET = "sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8t"
WITH_SECRETS = f"""global: {{environment: development}}
image: {{repository: ghcr.io/acme/llm, tag: v1}}
extraEnv:
  # asked for by the proxy
  - name: OPENAI_API_KEY
    value: {SECRET}
  - name: LOG
    value: debug
  - name: UPSTREAM
    value: https://app:hunter22pw@proxy.acme.test/v1
"""


@pytest.fixture
def leaky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "leaky.yaml"
    file.write_text(WITH_SECRETS)
    return file


def test_secrets_in_values_are_named_and_stop(leaky: Path) -> None:
    known = prepared(files=("leaky.yaml",))
    problem = known.resolved.problems()["values.secrets"]
    assert "extraEnv[0].value (OPENAI_API_KEY), extraEnv[2].value (UPSTREAM)" in problem
    assert SECRET not in problem
    assert "hunter22pw" not in problem


async def test_they_are_moved_into_a_secret_of_the_release_and_referred_to(leaky: Path) -> None:
    session = StubSession()
    draft = Draft(files=("leaky.yaml",), answers={"values.secrets": "move"})
    known = session.answers.prepare(draft)
    assert known.resolved.problems() == {}
    assert SECRET not in known.text
    assert "hunter22pw" not in known.text
    assert "It holds no secret" in known.text
    moved = load(known.text)["extraEnv"]
    reference = {"secretKeyRef": {"name": "llm-cost-ops-env-credentials", "key": "OPENAI_API_KEY"}}
    assert moved[0] == {"name": "OPENAI_API_KEY", "valueFrom": reference}
    assert moved[1] == {"name": "LOG", "value": "debug"}
    await session.installer.start(known, "install")
    spec = session.specs[0]
    assert {secret.name: secret.keys for secret in spec.secrets}["llm-cost-ops-env-credentials"] == (
        "OPENAI_API_KEY", "UPSTREAM",
    )  # fmt: skip


def test_they_are_moved_in_a_file_that_is_edited(leaky: Path) -> None:
    known = prepared(files=("leaky.yaml",), write="leaky.yaml", answers={"values.secrets": "move"})
    assert "  # asked for by the proxy\n  - name: OPENAI_API_KEY\n    valueFrom:\n" in known.text
    assert SECRET not in known.text


def test_who_insists_is_not_told_that_the_file_is_fit_for_git(leaky: Path) -> None:
    made = prepared(answers={"image": "ghcr.io/acme/llm:v1", "namespace": "n"}, write="made.yaml")
    made.write()
    known = prepared(files=("leaky.yaml",), write="new.yaml", answers={"values.secrets": "keep"})
    assert known.resolved.problems() == {}
    assert "no secret" not in known.text
    assert "keep it out of git" in known.text
    edited = (leaky.parent / "made.yaml").read_text() + WITH_SECRETS.partition("tag: v1}\n")[2]
    (leaky.parent / "made.yaml").write_text(edited)
    again = prepared(write="made.yaml", answers={"values.secrets": "keep", "namespace": "n"})
    assert again.text == edited.replace(
        "It holds no secret and is fit for git.", "It holds what looks like a secret: keep it out of git."
    )


@pytest.mark.parametrize(
    "text",
    [
        "podAnnotations: {example.com/token: Zm9vYmFyMTIzNDU2}\n", "config: {proxyUrl: 'http://u:s3cr3tpw@p'}\n",
        "extraVolumes:\n  - name: x\n    csi: {volumeAttributes: {apiKey: ab12cd34ef56}}\n",
        "extraEnv:\n  - {name: A_TOKEN, value: ab12cd34ef56}\n  - {name: A_TOKEN, value: another1another2}\n",
    ],
)  # fmt: skip
def test_what_no_variable_holds_can_only_be_taken_out_or_accepted(text: str, leaky: Path) -> None:
    leaky.write_text("image: {repository: ghcr.io/acme/llm, tag: v1}\n" + text)
    known = prepared(files=("leaky.yaml",))
    assert "Take them out" in known.resolved.problems()["values.secrets"]
    assert [choice.value for choice in known.resolved.question("values.secrets").choices(known.resolved)] == ["keep"]
    assert (
        "values.secrets" not in prepared(files=("leaky.yaml",), answers={"values.secrets": "keep"}).resolved.problems()
    )


def test_a_secret_of_a_flag_is_found_and_its_draft_is_not_kept(leaky: Path) -> None:
    session = StubSession()
    flag = strvals.SetFlag("--set", f"extraEnv[0].name=A_TOKEN,extraEnv[0].value={SECRET}")
    draft = Draft(sets=(flag,), answers={"image": "a/b:1"})
    assert "extraEnv[0].value" in session.answers.resolve(draft).problems()["values.secrets"]
    session.answers.keep(draft)
    assert session.saved == []
    session.answers.keep(replace(draft, sets=(strvals.SetFlag("--set", "replicaCount=2"),)))
    assert len(session.saved) == 1


def test_what_runs_is_in_the_history_already(leaky: Path) -> None:
    running = {**load(WITH_SECRETS)}
    assert "values.secrets" not in prepared(running=running).resolved.problems()
    assert "keep it out of git" in prepared(running=running).text


def test_a_later_file_that_takes_the_secret_out_settles_it(leaky: Path) -> None:
    (leaky.parent / "clean.yaml").write_text("extraEnv: []\n")
    assert prepared(files=("leaky.yaml", "clean.yaml")).resolved.problems() == {}
