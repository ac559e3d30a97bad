"""install, upgrade, check and values in lines, over a scripted session."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.adapters.tls_pairs import HOST, pairs
from tests.cli.stub import check, finished_run, objects, stub_session, write
from tests.stub_session import RUN_ID, StubSession
from wizard.cli import dispatch, parser
from wizard.cli.output import Out
from wizard.core.errors import Problem
from wizard.core.helm.plan import Field, ObjectPlan, Plan, Refusal
from wizard.core.helm.upgrade_values import KeyDifference, ValueRow
from wizard.core.kube.kubeconfig import Kubeconfig
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.engine import records
from wizard.engine.release.history import UpgradeValues
from wizard.engine.release.listing import Unfit
from wizard.engine.release.rows import ReleaseRow, ReleasesView
from wizard.paths import state_dir


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def call(line: str, session: StubSession | None = None) -> tuple[int, str]:
    """Exit code and standard output of a command line; a Problem is raised."""
    arguments = parser.read(line.split())
    session = session or stub_session()
    session.options = arguments.options()
    stdout = io.StringIO()
    code = await dispatch.run(arguments, session, Out(arguments.mode, stdout=stdout), "wizard")
    return int(code), stdout.getvalue()


async def test_json_has_reach_and_the_last_event_stays_the_end_of_the_run() -> None:
    session = stub_session()

    (one,) = objects((await call("install --preset dev --yes --output json", session))[1])
    *_, last = objects((await call("install --preset dev --yes --output jsonl", stub_session()))[1])

    assert one["reach"] == session.reached.to_data()
    assert last["type"] == "run.finished"


async def test_a_failed_run_is_not_asked_for() -> None:
    session = stub_session()
    session.record = finished_run(1, "failed", "helm gave up")

    code, said = await call("install --preset dev --yes", session)

    assert code == 1
    assert "reachable" not in said
    assert session.looked_at == []


async def test_ctrl_c_skips_the_question_and_keeps_the_code() -> None:
    session = stub_session()
    session.reach_gate.clear()
    asking = asyncio.ensure_future(call("install --preset dev --yes", session))
    async with asyncio.timeout(20):
        await session.reach_asked.wait()
        os.kill(os.getpid(), signal.SIGINT)
        code, said = await asking

    assert code == 0
    assert "reachable" not in said


async def test_install_checks_starts_and_shows_the_run_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    session = stub_session()

    code, said = await call("install --preset dev --yes", session)

    assert code == 0
    ((draft, operation),) = session.started
    assert operation == "install"
    assert draft.answers["preset"] == "dev"
    for text in ("+ ok C01 API answers", "run 7f3a9c: install llm-cost-ops -> here", "+ ready Deployment/llm-cost-ops  1 of 1",
                 "p-0 api | hello", "NOTES: open it", "+ ready all 3 of 3 are ready", "./v.yaml", "again"):  # fmt: skip
        assert text in said
    assert said.endswith("+ ok reachable: https://api.example.com/health answers HTTP 200\n")
    assert "Checking" in capsys.readouterr().err
    assert Path("llm-cost-ops.dev.values.yaml").is_file()


@pytest.mark.parametrize(("code", "verdict"), [(1, "failed"), (130, "unknown")])
async def test_the_exit_code_is_that_of_the_run(code: int, verdict: str) -> None:
    session = stub_session()
    session.record = finished_run(code, verdict, "helm gave up")

    assert (await call("install --preset dev --yes", session))[0] == code


@pytest.mark.parametrize("kept", [0, -1], ids=["before its first line", "before its end"])
async def test_a_record_that_ends_early_is_unknown_and_the_reasons_place_is_named(
    kept: int, capsys: pytest.CaptureFixture[str]
) -> None:
    session = stub_session()
    session.record = finished_run()[:kept]
    target = Target("here", "llm-cost-ops-dev", "llm-cost-ops")
    session.past = [RunSummary(RUN_ID, "install", target, "lost", "", log="runs/ab12/runner.log")]

    assert (await call("install --preset dev --yes", session))[0] == 3
    told = capsys.readouterr().err
    assert "The record ends before the run did. Its process died and says why in runs/ab12/runner.log." in told


async def test_a_blocking_check_stops_with_exit_2_and_keeps_the_answers() -> None:
    session = stub_session()
    session.checks = [check("N06", "Class exists", "fail", blocking=True, next_step="Make it.")]

    with pytest.raises(Problem) as stopped:
        await call("install --preset dev --yes", session)

    assert stopped.value.code == 2
    assert "Nothing was changed: N06 failed." in stopped.value.what
    assert session.started == []
    assert not Path("llm-cost-ops.dev.values.yaml").exists()
    assert [draft.answers["preset"] for _, draft in session.answers.kept()] == ["dev"]


async def test_an_accepted_check_no_longer_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    session = stub_session()
    known = _known_check(monkeypatch, "N06")
    session.checks = [check(known, "Class exists", "fail", blocking=True)]

    code, said = await call(f"install --preset dev --yes --accept {known}=later", session)

    assert code == 0
    assert f"! warn {known} Class exists" in said
    assert "accepted: later" in said
    assert [result["id"] for result in session.specs[0].accepted] == [known]  # for the record


async def test_accepting_an_unknown_check_is_refused() -> None:
    with pytest.raises(Problem, match='there is no check "Z99"'):
        await call("install --preset dev --yes --accept Z99=why")


def _known_check(monkeypatch: pytest.MonkeyPatch, id_: str) -> str:
    """Make an ID known as one that blocks, whatever the registry holds."""
    from wizard.cli.commands import install
    from wizard.core.rules.check import Check, Outcome

    known = Check(id_, "a check", (), "B", lambda _: Outcome("pass"))
    monkeypatch.setattr(install, "all_checks", lambda: (known,))
    return id_


async def test_skipped_checks_share_a_line_for_each_reason() -> None:
    session = stub_session()
    session.checks = [
        check("W05", "API", "fail"),
        check("R02", "Rights", "skipped"),
        check("R01", "Namespace", "skipped"),
    ]

    said = (await call("check --preset dev --yes", session))[1].splitlines()

    assert "- skipped R01, R02: seen" in said
    assert not [line for line in said if "Namespace" in line]


async def test_unknown_facts_are_listed_and_do_not_stop_unless_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    session = stub_session()
    known = _known_check(monkeypatch, "R01")
    session.checks = [check(known, "Rights", "unknown", next_step="Needs: get x.")]

    code, said = await call("install --preset dev --yes", session)
    assert code == 0
    assert "? unknown R01 Rights" in said
    assert "next: Needs: get x." in said

    with pytest.raises(Problem) as stopped:
        await call("install --preset dev --yes --strict", session)
    assert stopped.value.code == 3


async def test_a_dry_run_changes_and_writes_nothing() -> None:
    session = stub_session()

    code, said = await call("install --preset dev --dry-run", session)

    assert code == 0
    assert "dry run of install" in said
    assert session.started == []
    assert list(Path().iterdir()) == [Path("home")]


async def test_production_needs_the_release_name_also_with_yes() -> None:
    line = "install --preset prod --answer host=api.acme.test --yes"
    session = stub_session()

    with pytest.raises(Problem, match="--yes alone is not enough here"):
        await call(line, session)
    with pytest.raises(Problem, match='--confirm "other" is not the release'):
        await call(f"{line} --confirm other", session)
    assert session.started == []
    assert (await call(f"{line} --confirm llm-cost-ops", session))[0] == 0


@pytest.mark.parametrize(
    "line",
    ["install --preset prod --answer host=api.acme.test", "upgrade --preset dev", "rollback", "uninstall"],
)
async def test_the_name_alone_does_not_stand_for_yes(line: str) -> None:
    session = stub_session()

    with pytest.raises(Problem, match="--yes is needed"):
        await call(f"{line} --confirm llm-cost-ops", session)
    assert session.started == []


async def test_missing_answers_are_named_when_nobody_can_be_asked() -> None:
    session = stub_session()
    session.known = replace(session.known, sandbox=False)

    with pytest.raises(Problem) as missing:
        await call("install --preset staging --yes", session)

    assert missing.value.code == 2
    assert "Missing answers: image, host" in str(missing.value)
    assert "--answer image=VALUE --answer host=VALUE" in str(missing.value)


async def test_upgrade_without_a_release_is_refused_unless_install_is_asked_for() -> None:
    session = stub_session()

    with pytest.raises(Unfit):
        await call("upgrade --preset dev --yes", session)
    assert not session.started
    assert (await call("upgrade --install --preset dev --yes", session))[0] == 0


async def test_upgrade_looks_for_the_release_where_it_is() -> None:
    session = stub_session()
    session.next_operation = "upgrade"
    session.found = ReleasesView((ReleaseRow("llm-cost-ops", "elsewhere"),), "everywhere")

    await call("upgrade --preset dev --yes", session)

    assert session.answers.resolve(session.started[0][0]).target.namespace == "elsewhere"


async def test_a_release_in_two_places_is_asked_about() -> None:
    session = stub_session()
    session.found = ReleasesView((ReleaseRow("llm-cost-ops", "a"), ReleaseRow("llm-cost-ops", "b")), "everywhere")

    with pytest.raises(Problem, match="llm-cost-ops is in a, b"):
        await call("upgrade --preset dev --yes", session)


@pytest.mark.parametrize("more", ["--yes", "--dry-run", "--yes --output json"])
async def test_an_install_of_what_is_there_is_refused_and_an_upgrade_with_install_does_it(more: str) -> None:
    session = stub_session()
    session.next_operation = "upgrade"

    with pytest.raises(Unfit):
        await call(f"install --preset dev {more}", session)
    assert not session.started

    assert (await call(f"upgrade --install --preset dev {more}", session))[0] == 0
    assert [operation for _, operation in session.started] == ([] if "dry" in more else ["upgrade"])


async def test_an_upgrade_without_files_starts_from_what_runs() -> None:
    session = stub_session()
    session.running = {"global": {"environment": "development"}, "replicaCount": 3, "ingress": {"enabled": False}}
    session.next_operation = "upgrade"

    await call("upgrade -n x --yes", session)
    assert session.answers.resolve(session.started[0][0])["replicas"] == "3"

    session.started.clear()
    await call("upgrade -n x --preset dev --yes", session)
    assert session.started[0][0].running == {}


async def test_a_pending_release_is_refused_after_the_checks() -> None:
    session = stub_session()
    session.next_operation = Problem("llm-cost-ops is pending-install.", "Wait for it.")

    with pytest.raises(Problem, match="pending-install"):
        await call("install --preset dev --yes", session)
    assert session.started == []


async def test_an_existing_values_file_is_shown_as_a_diff(capsys: pytest.CaptureFixture[str]) -> None:
    write(
        Path("llm-cost-ops.dev.values.yaml"),
        "# mine\nreplicaCount: 9 # many\nglobal: {environment: development}\ningress: {enabled: false}\nautoscaling: {enabled: false}\n",
    )

    await call("install --preset dev --yes --answer replicas=2")

    said = capsys.readouterr().err
    assert "./llm-cost-ops.dev.values.yaml is there: the answers start from it." in said
    assert "-replicaCount: 9 # many" in said
    assert "+replicaCount: 2 # many" in said
    assert Path("llm-cost-ops.dev.values.yaml").read_text().startswith("# mine\nreplicaCount: 2 # many\nglobal:")
    assert len(list((state_dir("backups")).glob("*.bak"))) == 1


async def test_jsonl_is_the_checks_and_then_the_record() -> None:
    session = stub_session()

    _, said = await call("install --preset dev --yes --output jsonl", session)

    events = objects(said)
    assert [one["type"] for one in events] == ["check.result", *(one.type for one in session.record)]
    assert [one["seq"] for one in events] == [1, *range(1, 8)]
    assert all(one["v"] == 1 and one["time"] for one in events)


async def test_json_is_one_object_also_when_the_run_failed() -> None:
    session = stub_session()
    session.record = finished_run(1, "failed", "helm gave up")

    _, said = await call("install --preset dev --yes --output json", session)

    (one,) = objects(said)
    assert (one["exit"], one["verdict"], one["reason"], one["run"]) == (1, "failed", "helm gave up", RUN_ID)
    assert one["checks"][0]["id"] == "C01"
    assert one["objects"][0]["name"] == "llm-cost-ops"


@pytest.mark.parametrize(("more", "waits"), [("", False), ("--wait-anyway", True)])
async def test_a_run_that_nobody_attends_ends_for_what_cannot_heal_unless_it_is_to_wait(more: str, waits: bool) -> None:
    session = stub_session()

    await call(f"install --preset dev --yes {more}", session)

    assert session.specs[0].wait_anyway == waits


async def test_check_exits_by_its_worst_result(monkeypatch: pytest.MonkeyPatch) -> None:
    session = stub_session()
    known = _known_check(monkeypatch, "R01")

    assert (await call("check --preset dev --yes", session))[0] == 0
    session.checks = [check(known, "Rights", "unknown")]
    assert (await call("check --preset dev --yes", session))[0] == 3
    session.checks.append(check("N06", "Class", "fail", blocking=True))
    assert (await call("check --preset dev --yes", session))[0] == 2
    session.checks = [check("N06", "Class", "fail"), check("X01", "Note", "warn"), check("X02", "Later", "skipped")]
    assert (await call("check --preset dev --yes", session))[0] == 0
    assert (await call("check --preset dev --yes --strict", session))[0] == 2
    session.checks = [check("C01", "Room", "unknown")]  # few people may see the nodes
    assert (await call("check --preset dev --yes", session))[0] == 0


async def test_check_sums_up_what_is_not_well_and_can_be_asked_for_some_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    session = stub_session()
    known = _known_check(monkeypatch, "R01")
    session.checks = [
        check(known, "Rights", "pass"),
        check("X01", "Note", "warn"),
        check("N06", "Class", "fail"),
        check("R09", "More", "pass"),
    ]

    assert (await call("check --preset dev --yes", session))[1].splitlines()[
        -1
    ] == "x failed 1 failed, 1 warn, 2 ok: N06, X01"
    assert (await call(f"check --preset dev --yes --only {known}", session))[1].splitlines()[-1] == "+ ok 1 ok"
    with pytest.raises(Problem, match='--only: there is no check "Q99"'):
        await call("check --preset dev --yes --only Q99", session)


async def test_values_needs_no_cluster_and_prints_how_to_make_the_secrets() -> None:
    session = stub_session()
    session.config = Kubeconfig((), (), "", Problem("There is no kubeconfig."))

    code, said = await call("values --preset dev --answer image=a/b:c --yes", session)

    assert code == 0
    assert (
        "kubectl create secret generic llm-cost-ops-app-credentials --namespace llm-cost-ops-dev --from-file=jwt-secret="
        in said
    )
    tree = yaml.safe_load(Path("llm-cost-ops.dev.values.yaml").read_text())
    assert tree["jwt"]["existingSecret"] == "llm-cost-ops-app-credentials"


async def test_values_to_standard_output_is_the_file_alone(capsys: pytest.CaptureFixture[str]) -> None:
    _, said = await call("values --preset dev --answer image=a/b:c --yes --write -")

    assert yaml.safe_load(said)["global"]["environment"] == "development"
    assert "kubectl create secret" in capsys.readouterr().err
    assert not list(Path().glob("*.yaml"))


async def test_a_trailing_newline_of_a_secret_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "jwt", "canary-0123456789-0123456789-0123456789\n")

    _, said = await call(f"values --preset dev --answer image=a/b:c --secret-file jwt={path} --yes")

    talk = capsys.readouterr().err
    assert f"{path}: one trailing newline was removed" in talk
    assert "canary" not in said + talk


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ("--secret-file jwt=short", "the secret has 5 characters; the chart asks for 32 or more"),
        ("--secret-file postgres=lines", "a secret is one line"),
        ("--answer tls=files --answer tls.cert=key --answer tls.key=crt", "The two are swapped: key holds the private key, crt"),
        ("--answer tls=files --answer tls.cert=crt --answer tls.key=other", "The key in other is not that of the certificate"),
        ("--answer tls=files --answer tls.cert=crt --answer tls.key=locked", "The key in locked is encrypted"),
    ],
)  # fmt: skip
async def test_a_file_that_would_not_work_is_refused_before_anything_is_written(answers: str, says: str) -> None:
    of = pairs()
    write(Path("short"), "12345\n")
    write(Path("lines"), "one\ntwo\n")
    write(Path("crt"), of["ec"].certificate.decode())
    write(Path("key"), of["ec"].key.decode())
    write(Path("other"), of["another key"].key.decode())
    write(Path("locked"), of["an encrypted key"].key.decode())

    with pytest.raises(Problem) as refused:
        await call(f"values --preset staging --answer image=a/b:c --answer host={HOST} {answers} --yes")

    assert says in str(refused.value)
    assert refused.value.question
    assert not list(Path().glob("*.yaml"))


async def test_what_clients_would_refuse_of_a_certificate_is_said_where_no_cluster_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pair = pairs()["key and certificates in one file"]
    write(Path("all.pem"), pair.certificate.decode())
    answers = "--answer host=b.test --answer tls=files --answer tls.cert=all.pem --answer tls.key=all.pem"

    code, said = await call(f"values --preset staging --answer image=a/b:c {answers} --yes")

    assert code == 0
    talk = capsys.readouterr().err
    assert f"all.pem: only its certificates are stored; it is not for b.test; its names: {HOST}" in talk
    assert "awk" in said
    assert "PRIVATE KEY-----\n" not in said + talk


async def test_answers_that_are_not_asked_for_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    await call("values --preset dev --answer image=a/b:c --answer host=api.acme.test --yes")

    assert "not used: host" in capsys.readouterr().err


async def test_values_in_json() -> None:
    _, said = await call("values --preset dev --answer image=a/b:c --yes --output json")

    one = json.loads(said)
    assert one["files"] == ["./llm-cost-ops.dev.values.yaml"]
    assert any("llm-cost-ops-redis-credentials" in command for command in one["commands"])


def upgrading(*objects: ObjectPlan, owner: str = "") -> StubSession:
    """A session on a release that runs, with this plan."""
    session = stub_session()
    session.next_operation = "upgrade"
    session.next_plan = Plan("upgrade", "here", "", "", 1, 1, objects, owner=owner)
    return session


UPGRADE = "upgrade --preset dev -n llm-cost-ops-dev --yes"


async def test_an_upgrade_shows_its_plan_before_it_starts() -> None:
    image = Field("spec.template.spec.containers[app].image", "app:1", "app:2")
    one = ObjectPlan("Deployment", "llm-cost-ops", "n", "apps/v1", "changed", (image,), "rolling")
    session = upgrading(one)

    _, said = await call(UPGRADE, session)

    assert "~ changed   Deployment/llm-cost-ops  (pods restart one after the other)" in said
    assert "spec.template.spec.containers[app].image: app:1 -> app:2" in said
    assert said.index("~ changed") < said.index(f"run {RUN_ID}")


async def test_a_refused_plan_starts_nothing_and_names_the_object() -> None:
    refusal = Refusal("spec.volumeClaimTemplates", "field is immutable")
    session = upgrading(ObjectPlan("StatefulSet", "db", "n", "apps/v1", "refused", refusals=(refusal,)))

    with pytest.raises(Problem, match="StatefulSet/db failed") as caught:
        await call(UPGRADE, session)

    assert caught.value.code == 2
    assert session.started == []


async def test_a_release_that_a_controller_owns_is_shown_and_not_changed() -> None:
    session = upgrading(owner="Argo CD (application shop), seen on Deployment/api")

    code, said = await call(f"{UPGRADE} --dry-run", session)
    assert code == 0
    assert "owned by Argo CD" in said
    with pytest.raises(Problem, match="owned by Argo CD"):
        await call(UPGRADE, session)
    assert session.started == []


async def test_a_dry_run_has_the_plan_in_its_json() -> None:
    _, said = await call(f"{UPGRADE} --dry-run -o json", upgrading(ObjectPlan("ConfigMap", "a", "n", "v1", "created")))
    (told,) = objects(said)
    assert told["plan"]["counts"] == {"created": 1}


async def test_an_upgrade_shows_where_each_value_comes_from_before_its_plan() -> None:
    session = upgrading(ObjectPlan("ConfigMap", "a", "n", "v1", "created"))
    row = ValueRow("replicaCount", 3, 3, 1, 2, "mine")
    session.next_upgrade_values = UpgradeValues(
        (row,), (KeyDifference("replicaCount", 1, 2),), "llm-cost-ops-0.9.0", "llm-cost-ops-1.0.0"
    )

    _, said = await call(f"{UPGRADE} --dry-run", session)

    assert re.search(r"replicaCount +3 +3 +1 +2 +yours", said)
    assert said.index("the -f files differ from what runs") < said.index("plan: upgrade")


async def test_an_older_chart_needs_the_release_name_also_with_yes() -> None:
    session = upgrading(ObjectPlan("ConfigMap", "a", "n", "v1", "changed"))
    assert isinstance(session.next_plan, Plan)
    session.next_plan = replace(session.next_plan, downgrade="this takes the chart back from 2.0.0 to 1.0.0")

    with pytest.raises(Problem, match=r"takes the chart back from 2\.0\.0") as caught:
        await call(UPGRADE, session)
    assert (caught.value.code, session.started) == (2, [])
    assert "--confirm llm-cost-ops" in caught.value.next_step

    await call(f"{UPGRADE} --confirm llm-cost-ops", session)
    assert len(session.started) == 1


async def test_a_plan_that_names_a_wrong_answer_stops_the_run() -> None:
    session = upgrading()
    session.next_plan = Problem("It is a release of another chart.", "Take another name.", question="release")
    with pytest.raises(Problem, match="another chart"):
        await call(UPGRADE, session)
    assert session.started == []


async def test_a_record_that_cannot_be_written_is_said_at_once_beside_the_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    session = stub_session()
    whole, session.record, session.over = session.record, session.record[:1], False
    session.record_problems.put_nowait(
        records.record_problem_text("the record cannot be written: Read-only file system")
    )
    session.record_problems.put_nowait("")

    async def go_on() -> None:
        await asyncio.wait_for(session.record_problems.join(), 5)
        assert "neither kept nor shown" in capsys.readouterr().err, "it is said while the record stands still"
        await session.say(*whole[1:])

    (code, said), _ = await asyncio.gather(call("install --preset dev --yes -o jsonl", session), go_on())

    assert code == 0
    assert [one["type"] for one in objects(said)][-1] == "run.finished"
