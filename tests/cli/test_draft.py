"""From a command line to a draft."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.stub import stub_session, write
from tests.stub_session import StubSession
from wizard.adapters import files
from wizard.cli import parser
from wizard.cli.arguments.answers import AnswersArguments
from wizard.cli.arguments.operation import OperationArguments
from wizard.cli.draft import draft_of, unused
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.helm.chart import ChartOptions


def parsed(line: str, command: str = "install") -> OperationArguments:
    arguments = parser.read([command, *line.split()])
    assert isinstance(arguments, OperationArguments)
    return arguments


def drafted(line: str, start: Draft | None = None) -> Draft:
    arguments = parsed(line)
    return draft_of(arguments, StubSession(arguments.options()), start)


def test_where_it_goes_and_what_it_is_become_answers() -> None:
    draft = drafted(
        "shop -n team-a --context there --preset staging --answer host=api.acme.test --timeout 5m --write out.yaml"
    )

    assert draft.answers == {
        "release": "shop", "namespace": "team-a", "context": "there", "preset": "staging", "host": "api.acme.test",
    }  # fmt: skip
    assert (draft.helm.timeout, draft.write) == ("5m", "out.yaml")


def test_force_is_off_until_it_is_asked_for_and_kept_with_the_draft() -> None:
    assert not drafted("shop").helm.force_conflicts
    asked = Draft.from_data(drafted("shop --force-conflicts").to_data())
    assert asked.helm.force_conflicts
    assert drafted("shop", asked).helm.force_conflicts
    for command in ("plan", "check"):
        arguments = parser.read([command, "--force-conflicts"])
        assert isinstance(arguments, AnswersArguments)
        assert draft_of(arguments, StubSession()).helm.force_conflicts


def test_set_keeps_helms_meaning_and_order() -> None:
    draft = drafted("--set-literal f=x --set a.b=1,c=true --set-string d=1 --set e=null --set-json g=[1]")

    assert draft.sets == (
        ("--set-json", "g=[1]", ()), ("--set", "a.b=1,c=true", ()), ("--set", "e=null", ()), ("--set-string", "d=1", ()),
        ("--set-literal", "f=x", ()),
    )  # fmt: skip


def test_a_dot_inside_a_key_survives_to_the_values_file(tmp_path: Path) -> None:
    arguments = parsed(r"--preset dev --answer image=a/b:c --set ingress.annotations.nginx\.org/x=yes")
    session = stub_session()

    tree = session.answers.prepare(draft_of(arguments, session)).file.tree

    assert tree["ingress"]["annotations"]["nginx.org/x"] == "yes"


def test_set_file_reads_the_text_as_helm_does(tmp_path: Path) -> None:
    path = write(tmp_path / "motd", "hello\n")

    empty = write(tmp_path / "empty", "")
    given = f"config.motd={path},b={{{empty},{path}}}"

    assert drafted(f"--set-file {given}").sets == (("--set-file", given, ("hello\n", "", "hello\n")),)


def test_what_a_kept_draft_has_set_stands_before_what_is_set_now(tmp_path: Path) -> None:
    path = write(tmp_path / "motd", "hello\n")
    kept = drafted(f"--set-file config.motd={path} --set a=1")
    Path(path).unlink()

    draft = drafted("--set a=2", kept)

    assert [given.text for given in draft.sets] == ["a=1", "a=2", f"config.motd={path}"]
    assert draft.sets[2].contents == ("hello\n",)


def test_one_f_names_several_files_as_in_helm(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a,b.yaml", "a: 1\n"), write(tmp_path / "c.yaml", "a: 2\n")

    assert drafted(f'-f "{first}",{second} -f {second}').files == (first, second, second)


def test_standard_input_is_a_values_file_and_its_draft_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "STDIN", write(tmp_path / "in", "replicaCount: 3\n"))
    session = stub_session()
    draft = draft_of(parsed("-f - --preset dev --answer image=a/b:c"), session)

    file = session.answers.prepare(draft).file
    session.answers.keep(draft)

    assert file.tree["replicaCount"] == 3
    assert "Built on standard input" in file.header
    assert session.answers.kept() == []


def test_a_text_arrives_unchanged_in_the_values_file(tmp_path: Path) -> None:
    text = "a\tb\\n\n \N{GRINNING FACE}{x,y}=\n"
    arguments = parser.read(
        ["install", "--preset", "dev", "--answer", "image=a/b:c", "--set-literal", f"podLabels.x={text}"]
    )
    assert isinstance(arguments, OperationArguments)
    session = stub_session()

    assert session.answers.prepare(draft_of(arguments, session)).file.tree["podLabels"]["x"] == text


def test_secrets_are_named_and_never_read_into_the_draft(tmp_path: Path) -> None:
    path = write(tmp_path / "jwt", "canary")
    draft = drafted(f"--secret-file jwt={path} --existing-secret redis=mine")

    assert draft.answers["secret.jwt"] == "file"
    assert draft.answers["secret.jwt.file"] == path
    assert draft.answers["secret.redis"] == "existing"
    assert draft.answers["secret.redis.name"] == "mine"
    assert "canary" not in str(draft.to_data())


def test_flags_win_over_a_kept_draft() -> None:
    kept = Draft({"preset": "prod", "namespace": "old", "replicas": "4"}, files=("old.yaml",))

    draft = drafted("-n new --preset dev", kept)

    assert draft.answers == {"preset": "dev", "namespace": "new", "replicas": "4"}
    assert draft.files == ("old.yaml",)


def test_the_charts_name_in_the_guide_means_the_built_in_chart() -> None:
    assert parsed("llm-cost-ops llm-cost-ops/llm-cost-ops").options().chart == ""
    assert parsed("llm-cost-ops ./helm/llm-cost-ops").options().chart == "./helm/llm-cost-ops"


def test_answers_that_nobody_asks_for_are_found() -> None:
    session = stub_session()
    draft = draft_of(parsed("--preset dev --answer host=api.acme.test"), session)

    assert [question.id for question, _ in unused(draft, session)] == ["host"]


def test_a_secret_in_a_values_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = write(tmp_path / "v.yaml", "jwt:\n  secret: canary\n")
    session = stub_session()
    draft = draft_of(parsed(f"-f {path} --answer image=a/b:c"), session)

    with pytest.raises(Problem) as refused:
        _ = session.answers.prepare(draft).text

    assert "--secret-file jwt=PATH" in str(refused.value)
    assert "canary" not in str(refused.value)


def test_a_kept_draft_knows_its_chart_with_version_and_proof() -> None:
    draft = Draft({"release": "a"}, chart="acme/shop", chart_options=ChartOptions("^1", verify=True, keyring="k.gpg"))
    kept = draft.to_data()

    assert Draft.from_data(kept) == draft
    del kept["chart_options"]  # an earlier version kept none
    assert Draft.from_data(kept).chart_options == ChartOptions()
