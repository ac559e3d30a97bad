"""Which cluster this is: told by uids, as we reach it and as helm does, today and the last time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from tests.engine.fakes import FakeCluster, FakeHelm
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.kubeconfig import Context, Kubeconfig
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.engine import cluster_identity
from wizard.engine.preflight import overview
from wizard.engine.state import SessionState

TARGET = Target("prod", "ns")


def cluster(uid: str = "", root_ca: str = "") -> FakeCluster:
    """A cluster whose kube-system has that uid, and whose namespace has a ConfigMap of Kubernetes' own; "" hides each."""
    made = FakeCluster()
    if uid:
        made.add("Namespace", "kube-system", metadata={"uid": uid})
    else:
        made.refuse["get Namespace"] = ClusterError("forbidden", "no", 403, "get namespaces")
    if root_ca:
        made.add("ConfigMap", "kube-root-ca.crt", "ns", metadata={"uid": root_ca})
    return made


async def test_one_cluster_is_proven_by_the_uid_of_kube_system() -> None:
    helm = FakeHelm(uid="u1")

    await cluster_identity.prove(cluster("u1"), helm, TARGET)
    assert helm.asked == ["uid of Namespace kube-system"]


@pytest.mark.parametrize("theirs", ["u2", ""])
async def test_another_cluster_is_refused_with_both_uids(theirs: str) -> None:
    with pytest.raises(Problem, match=f"kube-system is {theirs or 'not there'} for helm and u1 for the wizard"):
        await cluster_identity.prove(cluster("u1"), FakeHelm(uid=theirs), TARGET)


async def test_who_may_not_see_kube_system_is_proven_by_a_configmap_of_the_namespace() -> None:
    helm = FakeHelm(uid="c1")

    await cluster_identity.prove(cluster(root_ca="c1"), helm, TARGET)
    assert helm.asked == ["uid of ConfigMap kube-root-ca.crt"]
    with pytest.raises(Problem, match="another cluster"):
        await cluster_identity.prove(cluster(root_ca="c2"), helm, TARGET)


async def test_where_nothing_can_be_seen_helm_is_not_asked_and_nothing_is_claimed() -> None:
    helm = FakeHelm(uid="u1")

    await cluster_identity.prove(cluster(), helm, TARGET)
    assert helm.asked == []


async def test_a_variable_that_differs_is_refused_by_name_before_helm_is_asked() -> None:
    helm = FakeHelm(uid="u1", other=("HELM_KUBEASUSER",))

    with pytest.raises(Problem, match="HELM_KUBEASUSER differs") as caught:
        await cluster_identity.prove(cluster("u1"), helm, TARGET)
    assert "unset HELM_KUBEASUSER" in caught.value.next_step
    assert helm.asked == []


async def test_what_was_planned_on_another_cluster_is_refused() -> None:
    await cluster_identity.refuse_another(cluster("u1"), TARGET, "u1")
    await cluster_identity.refuse_another(cluster("u1"), TARGET, "")
    await cluster_identity.refuse_another(cluster(), TARGET, "u1")
    with pytest.raises(Problem, match="The context prod reaches another cluster than when this was planned"):
        await cluster_identity.refuse_another(cluster("u2"), TARGET, "u1")


def draft(uid: str, context: str = "prod", kubeconfig: str = "") -> Draft:
    return Draft({"context": context} if context else {}, kubeconfig=kubeconfig, cluster_uid=uid)


def run(uid: str, started: str, context: str = "prod") -> RunSummary:
    return RunSummary("7f3a", "install", Target(context, "ns"), "finished", started, cluster_uid=uid)


@pytest.mark.parametrize(
    ("drafts", "runs", "says"),
    [
        ([], [], ""),
        ([("2026-01-01T00:00:00", draft("u1"))], [], ""),
        ([("2026-01-01T00:00:00", draft("u2"))], [], "than on 2026-01-01 (a draft)"),
        ([("2026-01-01T00:00:00", draft("u2", context=""))], [], "than on 2026-01-01 (a draft)"),
        ([("2026-01-01T00:00:00", draft("u2", context="dev"))], [], ""),
        ([("2026-01-01T00:00:00", draft("u2", kubeconfig="/other"))], [], ""),
        ([("2026-01-01T00:00:00", draft(""))], [], ""),
        ([], [run("u2", "2026-01-02T00:00:00.000Z")], "than on 2026-01-02 (run 7f3a)"),
        ([("2026-01-01T00:00:00", draft("u2"))], [run("u1", "2026-01-02T00:00:00.000Z")], ""),
        ([("2026-01-03T00:00:00", draft("u2"))], [run("u1", "2026-01-02T00:00:00.000Z")], "than on 2026-01-03"),
        ([], [run("u2", "2026-01-02T00:00:00.000Z", "dev")], ""),
    ],
)
def test_a_context_is_held_against_the_newest_that_is_known_of_it(
    drafts: list[tuple[str, Draft]], runs: list[RunSummary], says: str
) -> None:
    said = cluster_identity.moved(TARGET, "u1", drafts, runs)

    assert said == (said if says in said and said.startswith("context prod reaches another cluster") else "")
    assert bool(said) == bool(says)


def test_nothing_is_said_where_kube_system_is_hidden() -> None:
    assert cluster_identity.moved(TARGET, "", [("2026-01-01", draft("u2"))], []) == ""


@pytest.mark.parametrize(
    ("server", "unverified", "moved", "says"),
    [
        ("https://x", False, "", ""),
        ("https://x", True, "", "The server's certificate is not verified (insecure-skip-tls-verify): "),
        ("http://x", False, "", "The connection to http://x is not encrypted: "),
        ("https://x", False, "context prod reaches another cluster", "Context prod reaches another cluster."),
        ("http://x", False, "context prod reaches another cluster", "another cluster. The connection to http://x"),
    ],
)
async def test_home_says_what_is_odd_about_the_way_to_the_cluster(
    server: str, unverified: bool, moved: str, says: str
) -> None:
    config = Kubeconfig(("/k",), (Context("prod", server, "me", "ns", unverified),), "prod")
    session = SimpleNamespace(moved=lambda target, uid: moved if (target, uid) == (TARGET, "u1") else "")
    line = await overview._cluster(cast("SessionState", session), cluster("u1"), config, TARGET)

    assert line.state == ("warn" if says else "pass")
    assert says in line.next_step
