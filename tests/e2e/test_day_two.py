"""history, rollback and uninstall of a release that plain helm made, on a real API server with both helms."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Bed
from tests.e2e.changing import Release, chart
from tests.e2e.shell import READY, ROOT, Shell
from wizard.core.helm import release as helm_release

pytestmark = pytest.mark.e2e
KILLED = "I killed it"
HELMS = pytest.mark.parametrize("helm", ["helm4", pytest.param("helm3", marks=pytest.mark.full)])


@pytest.fixture
def shell(sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str]) -> Callable[[str], Shell]:
    """A release at revision 1, all of it ready soon."""
    sandbox.kubectl("create", "namespace", namespace)

    def make(helm: str) -> Shell:
        release = Release(sandbox, tool(helm), namespace, chart(tmp_path), tmp_path)
        release.upgrade(**READY)
        return Shell(release, tmp_path)

    return make


@HELMS
@pytest.mark.full  # 10 s; the parts are held over a scripted session
def test_history_compares_revisions_and_rollback_goes_back_as_previewed(
    shell: Callable[[str], Shell], helm: str
) -> None:
    call = shell(helm)
    call.release.upgrade(**READY, config={"level": "debug"}, secret="second-canary-secret", extra=True)

    listed = json.loads(call("history", "-o", "json"))["revisions"]
    assert [(one["revision"], one["status"]) for one in listed] == [(1, "superseded"), (2, "deployed")]
    compared = json.loads(call("history", "1", "2", "-o", "json"))
    changed = {one["object"]: (one["change"], one["diff"]) for one in compared["objects"]}
    assert changed["Secret/creds"] == ("changed", ["values changed: password"])
    assert changed["ConfigMap/extra"][0] == "added"
    assert "+  level: debug" in changed["ConfigMap/conf"][1]
    assert "********" in call("history", "2", "--manifest")
    assert "secret: '********'" in call("history", "2", "--values").replace('"', "'")
    assert "no revision 9" in (call("history", "9", code=2) + call.err)

    preview = json.loads(call("rollback", "--dry-run", "-o", "json"))
    expected = {"ConfigMap/conf": "changed", "ConfigMap/extra": "removed", "Secret/creds": "changed"}
    told = {f"{one['kind']}/{one['name']}": one["change"] for one in preview["plan"]["objects"]}
    assert {label: change for label, change in told.items() if change != "unchanged"} == expected
    assert any("schema" in text for text in preview["not_rolled_back"])

    events = [json.loads(line) for line in call("rollback", "1", "--yes", "-o", "jsonl").splitlines()]
    assert events[-1]["type"] == "run.finished"
    assert (events[0]["data"]["operation"], events[-1]["data"]["code"]) == ("rollback", 0)
    assert any("stored as it was planned" in str(one["data"].get("text")) for one in events)
    live = call.release.live()
    assert live["ConfigMap/conf"]["data"] == {"level": "info"}
    assert "ConfigMap/extra" not in live
    last = json.loads(call("history", "-o", "json"))["revisions"][-1]
    assert (last["revision"], last["description"]) == (3, "Rollback to 1")
    assert "(run " in last["who"]


@HELMS
def test_uninstall_lists_what_goes_and_stays_before_it_does_so(shell: Callable[[str], Shell], helm: str) -> None:
    call = shell(helm)
    assert "nothing to roll" in call("rollback", "--yes", code=2) + call.err

    lists = json.loads(call("uninstall", "--dry-run", "-o", "json"))
    deleted = {one["object"] for one in lists["deleted"]}
    assert {"Deployment/api", "StatefulSet/db", "Secret/creds"} <= deleted
    assert [one["object"] for one in lists["kept"]] == ["ConfigMap/kept", f"Namespace/{call.release.namespace}"]

    call("uninstall", "--yes")

    live = call.release.live()
    assert not deleted & live.keys()
    assert "ConfigMap/kept" in live
    assert "no release" in (call("history", code=3) + call.err)
    assert "no release" in (call("uninstall", "--yes", code=3) + call.err)


@HELMS
@pytest.mark.full  # 4 s; a plain uninstall is in the quick tier
def test_uninstall_keeps_the_history_when_asked_and_a_namespace_with_other_things_in_it(
    shell: Callable[[str], Shell], sandbox: Bed, helm: str
) -> None:
    call = shell(helm)
    sandbox.kubectl("-n", call.release.namespace, "create", "configmap", "not-ours")
    call("uninstall", "--delete-namespace", "--yes", "--confirm", "rel", code=2)
    assert "ConfigMap/not-ours" in call.err
    assert "Deployment/api" in call.release.live()

    call("uninstall", "--keep-history", "--yes")

    assert json.loads(call("history", "-o", "json"))["revisions"][-1]["status"] == "uninstalled"


@HELMS
@pytest.mark.full  # 15 s; the refusals are held one by one
def test_install_and_upgrade_refuse_what_helm_refuses_and_what_was_uninstalled_comes_back_by_a_bare_rollback(
    shell: Callable[[str], Shell], helm: str
) -> None:
    call = shell(helm)
    release, asked = call.release, ("--chart", call.release.chart, "--yes")
    said = release.call("install", release.name, release.chart, check=False)
    assert re.search("cannot re-?use a name that is still in use", said)
    call("install", *asked, code=2)
    assert "cannot re-use a name that is still in use" in call.err
    release.upgrade(check=False, **READY, replicas=-1)
    assert [status for _, status in statuses(call)] == ["deployed", "failed"]

    call("uninstall", "--keep-history", "--yes")

    assert statuses(call) == [(1, "superseded"), (2, "uninstalled")]
    for command, words in (("install", r"cannot re-?use a name"), ("upgrade", "has no deployed releases")):
        assert re.search(words, release.call(command, release.name, release.chart, check=False))
        call(command, *asked, code=2)
        assert re.search(words, call.err)
        assert "upgrade --install rel" in call.err
    assert json.loads(call("rollback", "--dry-run", "-o", "json"))["revision"] == 1, "revision 2 never ran"
    call("rollback", "--yes")
    assert statuses(call)[2:] == [(3, "deployed")]

    call("uninstall", "--keep-history", "--yes")

    assert json.loads(call("rollback", "--dry-run", "-o", "json"))["revision"] == 3, "it ran until it was uninstalled"


@pytest.mark.full
@HELMS
def test_an_install_goes_over_a_kept_history_only_when_it_is_asked_for_as_in_helm(
    sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str], helm: str
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    call = Shell(Release(sandbox, tool(helm), namespace, "", tmp_path, "llm-cost-ops"), tmp_path)
    dev = ("--preset", "dev", "--yes")
    call("upgrade", *dev, code=2)
    assert "has no deployed releases" in call.err
    call("upgrade", "--install", *dev)
    call("uninstall", "--keep-history", "--yes")
    call("install", *dev, code=2)
    plan = json.loads(call("plan", *dev, "-o", "json"))["plan"]
    assert (plan["operation"], plan["base_revision"], plan["last_revision"]) == ("install", 0, 1)

    call("upgrade", "-i", *dev)

    assert statuses(call) == [(1, "superseded"), (2, "deployed")]
    call("install", *dev, code=2)
    assert "cannot re-use a name that is still in use" in call.err
    assert statuses(call) == [(1, "superseded"), (2, "deployed")]


def statuses(call: Shell) -> list[tuple[int, str]]:
    """(revision, status) of every revision that is kept."""
    return [(one["revision"], one["status"]) for one in json.loads(call("history", "-o", "json"))["revisions"]]


def test_an_ingress_that_serves_another_release_stops_the_uninstall(
    shell: Callable[[str], Shell], sandbox: Bed
) -> None:
    call = shell("helm4")
    space = call.release.namespace
    sandbox.kubectl("-n", space, "create", "service", "clusterip", "green", "--tcp=80:80")
    sandbox.kubectl("-n", space, "annotate", "service", "green", "meta.helm.sh/release-name=green")
    to_green = '[{"op":"replace","path":"/spec/rules/0/http/paths/0/backend/service/name","value":"green"}]'
    sandbox.kubectl("-n", space, "patch", "ingress", "api", "--type=json", "-p", to_green)

    call("uninstall", "--yes", code=2)

    assert "Ingress/api belongs to rel, but sends its traffic to Service green of release green" in call.err
    assert "give green a way in of its own" in call.err
    assert "Ingress/api" in call.release.live()


@pytest.mark.full  # 5 s; a plain uninstall is in the quick tier
def test_a_namespace_goes_when_nothing_of_others_is_in_it(shell: Callable[[str], Shell], sandbox: Bed) -> None:
    call = shell("helm4")
    call.release.upgrade(**READY, kept=False)
    sandbox.kubectl("-n", call.release.namespace, "delete", "configmap", "kept")
    call("uninstall", "--delete-namespace", "--yes", code=2)
    assert "--confirm rel" in call.err

    call("uninstall", "--delete-namespace", "--yes", "--confirm", "rel")

    left = sandbox.kubectl("get", "namespace", call.release.namespace, "-o", "jsonpath={.status.phase}", check=False)
    assert left in ("", "Terminating")


def test_a_person_without_the_right_to_secrets_is_told_before_anything_is_changed(
    shell: Callable[[str], Shell], sandbox: Bed, tmp_path: Path
) -> None:
    call = shell("helm4")
    viewer = sandbox.user("view", namespace=call.release.namespace)
    call.release.bed = Bed(sandbox.info, sandbox.state_home)
    for command in (("history",), ("rollback", "--yes"), ("uninstall", "--yes")):
        env = {**os.environ, "KUBECONFIG": viewer, "LLM_COST_OPS_HELM": call.release.helm, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-m", "wizard", command[0], "--release", "rel", "-n", call.release.namespace, *command[1:]],
            cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 3, done.stderr
        assert "needs list secrets" in done.stderr
    assert "Deployment/api" in call.release.live()


def test_a_record_that_cannot_be_read_is_named_and_nothing_is_changed(
    shell: Callable[[str], Shell], sandbox: Bed
) -> None:
    call = shell("helm4")
    body = '{"data":{"release":"bm90IGEgcmVjb3Jk"}}'
    name = "sh.helm.release.v1.rel.v1"
    sandbox.kubectl("-n", call.release.namespace, "patch", "secret", name, "--type=merge", "-p", body)

    call("uninstall", "--yes", code=3)
    assert "cannot be read" in call.err
    assert "cannot be read" in call("history")
    assert "Deployment/api" in call.release.live()


def _killed(call: Shell, sandbox: Bed, status: str, revision: int) -> None:
    """The release as a helm that was killed leaves it: its newest record is pending."""
    data = call.release.bed.get("secret", f"sh.helm.release.v1.rel.v{revision}", "-n", call.release.namespace)
    body = helm_release.unpack(data["data"]["release"], "x")
    body["info"]["status"] = status
    data["data"]["release"] = base64.b64encode(helm_release.pack(body).encode()).decode()
    data["metadata"]["labels"] |= {"status": status}
    file = call.folder / "record.json"
    file.write_text(json.dumps(data))
    sandbox.kubectl("replace", "-f", str(file))


@pytest.mark.full  # 16 s; test_recover repairs a stuck release in the quick tier
@HELMS
def test_a_stuck_upgrade_is_backed_up_marked_and_rolled_back_after_its_name_was_typed(
    shell: Callable[[str], Shell], sandbox: Bed, helm: str
) -> None:
    call = shell(helm)
    assert "nothing is stuck" in call("recover", "--confirm", "rel", code=2) + call.err
    call.release.upgrade(**READY, config={"level": "debug"}, extra=True)
    _killed(call, sandbox, "pending-upgrade", 2)
    sandbox.kubectl("-n", call.release.namespace, "delete", "configmap", "extra")

    known = json.loads(call("recover", "--dry-run", "-o", "json"))
    assert (known["revision"], known["status"], known["good"], known["young"]) == (2, "pending-upgrade", 1, True)
    assert (known["reached"], known["waiting"]) == (["ConfigMap/conf"], ["ConfigMap/extra"])
    assert ("conf", "changed") in {(one["name"], one["change"]) for one in known["plan"]["objects"]}, "of the roll-back"
    call("recover", "--confirm", "rel", code=3)
    assert "--reason" in call.err
    call("recover", "--reason", KILLED, code=2)
    assert "--confirm rel" in call.err
    call("recover", "--reason", KILLED, "--confirm", "other", code=2)
    assert json.loads(call("history", "-o", "json"))["revisions"][-1]["status"] == "pending-upgrade"

    call("recover", "--reason", KILLED, "--confirm", "rel")

    revisions = [(one["revision"], one["status"]) for one in json.loads(call("history", "-o", "json"))["revisions"]]
    assert revisions[1:] == [(2, "failed"), (3, "deployed")]
    assert call.release.live()["ConfigMap/conf"]["data"] == {"level": "info"}
    assert "STATUS: deployed" in call.release.upgrade(**READY), "helm works with it again"
    (backup,) = (call.folder / "state" / "llm-cost-ops-wizard" / "backups").iterdir()
    assert backup.stat().st_mode & 0o777 == 0o600
    kept = helm_release.unpack(json.loads(backup.read_text())["data"]["release"], "x")
    assert kept["info"]["status"] == "pending-upgrade"


def test_a_stuck_first_install_is_only_marked_and_can_be_upgraded_then(
    shell: Callable[[str], Shell], sandbox: Bed
) -> None:
    call = shell("helm4")
    _killed(call, sandbox, "pending-install", 1)
    call("recover", "--to", "rollback", "--confirm", "rel", code=2)
    assert "no good revision" in call.err

    said = call("recover", "--reason", KILLED, "--confirm", "rel")

    assert "marked as failed" in said
    assert "STATUS: deployed" in call.release.upgrade(**READY)


@pytest.mark.full
def test_what_may_not_be_deleted_is_named_before_an_uninstall_and_nothing_is_started(
    shell: Callable[[str], Shell], sandbox: Bed
) -> None:
    call = shell("helm4")
    space, user = call.release.namespace, sandbox.user("view", namespace=call.release.namespace)
    sandbox.kubectl("-n", space, "create", "role", "reads", "--verb=get,list", "--resource=secrets")
    sandbox.kubectl("-n", space, "create", "rolebinding", "reads", "--role=reads", f"--user={_name(sandbox, user)}")
    call.kubeconfig = user

    told = json.loads(call("uninstall", "--dry-run", "-o", "json"))["rights"]
    assert {"right": "delete Secret", "costs": "helm's records stay, and the release looks half uninstalled"} in told

    call("uninstall", "--yes", code=2)

    assert "You may not delete " in call.err
    assert "helm would stop half-way" in call.err
    assert "Nothing was changed" in call.err
    assert "Deployment/api" in call.release.live()


def _name(sandbox: Bed, kubeconfig: str) -> str:
    command = ("--kubeconfig", kubeconfig, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
    return sandbox.kubectl(*command)
