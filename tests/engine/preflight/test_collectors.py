"""Facts: fetched once, in parallel, in time; a failure is a fact too."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.tls_pairs import NOW, pairs
from tests.engine.fakes import FakeCluster, FakeHelm
from wizard.adapters.certificates import Certificates
from wizard.adapters.files import PersonFiles
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.errors import Problem
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.kubeconfig import Context, Kubeconfig
from wizard.core.rules.check import Absent, FactFailure, Unknown
from wizard.core.rules.facts import (
    DryRun,
    Identity,
    Namespace,
    Owned,
    Refused,
    Release,
    Rendered,
    SecretUse,
    Server,
    ServiceSeen,
    Values,
)
from wizard.core.target import Target
from wizard.core.tls.chain import remarks
from wizard.engine.preflight import collectors, services
from wizard.engine.preflight.kept import Kept
from wizard.engine.preflight.world import Collector, World
from wizard.engine.secret_files import SecretFiles, TlsFiles

TARGET = Target("here", "ns", "rel")
MANIFEST = """
kind: Secret
apiVersion: v1
metadata: {name: made}
---
kind: Deployment
apiVersion: apps/v1
metadata: {name: rel}
spec:
  template:
    spec:
      containers:
        - env:
            - {name: A, valueFrom: {secretKeyRef: {name: made, key: a}}}
            - {name: B, valueFrom: {secretKeyRef: {name: mine, key: b}}}
            - {name: C, valueFrom: {secretKeyRef: {name: maybe, key: c, optional: true}}}
      volumes: [{name: v, secret: {secretName: by-run, items: [{key: k}]}}]
---
kind: Pod
apiVersion: v1
metadata: {name: t, annotations: {helm.sh/hook: test}}
spec: {}
"""
FORBIDDEN = ClusterError("forbidden", "eve may not get namespaces.", 403, "get namespaces")


def world(cluster: FakeCluster | None = None, helm: FakeHelm | None = None, **more: Any) -> World:
    made = cluster or FakeCluster()
    config = Kubeconfig(("f",), (Context("here", "https://x", "u", ""),), "here")
    return World(made, YamlDocuments(), helm or FakeHelm(MANIFEST), TARGET, "/chart", kubeconfig=config, **more)


def active(**more: Any) -> FakeCluster:
    cluster = FakeCluster(**more)
    cluster.add("Namespace", "ns", status={"phase": "Active"})
    return cluster


class Moving:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_facts_that_last_are_asked_for_again_when_they_are_old_failed_or_of_another_target() -> None:
    cluster, clock = active(), Moving()
    kept = Kept(clock)

    async def asked(of: World) -> set[str]:
        cluster.calls.clear()
        async for _ in collectors.facts(of, frozenset({"pods", "quotas"}), {}, kept):
            pass
        return {" ".join(call.split()[:2]) for call in cluster.calls}

    first = await asked(world(cluster))
    assert {"list Pod", "list ResourceQuota"} <= first
    assert await asked(world(cluster)) == set()
    clock.now = collectors.COLLECTORS["quotas"].lasts + 1
    again = await asked(world(cluster))
    assert "list ResourceQuota" in again
    assert "list Pod" not in again
    assert "list Pod" in await asked(replace(world(cluster), target=replace(TARGET, release="other")))
    cluster.refuse["list Pod"] = ClusterError("forbidden", "eve may not list pods")
    clock.now = 1000.0
    assert "list Pod" in await asked(world(cluster))
    assert "list Pod" in await asked(world(cluster))


async def test_what_is_given_is_not_asked_for_nor_what_only_it_needs() -> None:
    cluster = active()
    found = {
        name: fact
        async for name, fact in collectors.facts(world(cluster), frozenset({"placed"}), {"probe": Absent("later")})
    }
    assert found["admitted"] == {}
    assert "namespace" not in found
    assert not any(call.startswith("create") for call in cluster.calls)


async def facts(of: World, *names: str) -> dict[str, Any]:
    return {name: fact async for name, fact in collectors.facts(of, frozenset(names) if names else None)}


async def test_every_fact_comes_in_and_nothing_is_fetched_twice() -> None:
    cluster = active()
    helm = FakeHelm(MANIFEST)
    found = await facts(world(cluster, helm))
    assert set(found) == set(collectors.COLLECTORS)
    assert found["server"] == Server("v1.36.3", 7, "https://x")
    assert found["identity"] == Identity("jane", ("ops",))
    assert found["namespace"] == Namespace("ns", "active", pod_security="")
    assert isinstance(found["dry_run"], DryRun)
    assert [one for one in cluster.calls if one in ("version", "whoami", "get Namespace ns")] == list(
        dict.fromkeys(one for one in cluster.calls if one in ("version", "whoami", "get Namespace ns"))
    )
    assert len(helm.asked) == len(set(helm.asked))


async def test_an_unreachable_cluster_is_told_once_and_everything_else_waits_for_it() -> None:
    refused = ClusterError("refused", "https://x refuses the connection: nothing listens there.")
    cluster = FakeCluster(refuse={"version": refused})
    found = await facts(world(cluster))
    assert found["server"] == FactFailure("W05", refused.message, found["server"].next_step, "refused", "context")
    assert found["server"].next_step
    assert found["namespace"] == Absent("waits for W05")
    assert isinstance(found["rendered"], Rendered), "rendering needs no cluster"
    # What takes longest begins at once: helm, with what stands beside it, and the pods of all namespaces.
    ahead = {"get Namespace kube-system", "get ConfigMap kube-root-ca.crt", "list Pod"}
    assert set(cluster.calls) - ahead == {"version"}


@pytest.mark.parametrize("word", ["expired", "unauthorized", "no-credentials"])
async def test_a_refused_login_is_the_login_s_matter(word: Any) -> None:
    found = await facts(world(FakeCluster(refuse={"version": ClusterError(word, "log in again")})), "identity")
    assert found["identity"].check == "W04"


async def test_without_a_context_the_kubeconfig_is_to_blame() -> None:
    of = replace(world(), kubeconfig=Kubeconfig((), (), "", Problem("none", "")))
    assert (await facts(of, "server"))["server"].check == "W03"


async def test_a_hanging_call_is_unknown_after_its_limit_and_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = {name: replace(one, limit=0.1) for name, one in collectors.COLLECTORS.items()}
    monkeypatch.setattr(collectors, "COLLECTORS", quick)
    began = time.monotonic()
    found = await facts(world(active(slow={"list StorageClass"})))
    assert found["storage_classes"] == Unknown("no answer within 0.1 s")
    assert isinstance(found["dry_run"], DryRun)
    assert time.monotonic() - began < 30  # the call itself would hang for a minute


async def test_a_mistake_in_one_collector_is_one_unknown_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: Any, __: Any) -> Any:
        raise KeyError("metadata")

    table = {**collectors.COLLECTORS, "sight": Collector(broken, needs=("server",))}
    monkeypatch.setattr(collectors, "COLLECTORS", table)
    assert isinstance((await facts(world(active()), "sight"))["sight"], Unknown)


async def test_leaving_early_ends_what_is_still_asked() -> None:
    before = asyncio.all_tasks()
    stream = collectors.facts(world(active(slow={"list"})))
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]  # an async generator behind its protocol
    assert asyncio.all_tasks() == before


# Namespace


async def test_a_missing_namespace_says_whether_it_may_be_made() -> None:
    assert (await facts(world(), "namespace"))["namespace"] == Namespace("ns", "missing", may_create=True)
    denied = FakeCluster(denied={("create", "Namespace")})
    assert (await facts(world(denied), "namespace"))["namespace"].may_create is False


async def test_a_namespace_that_is_going_away_says_what_holds_it() -> None:
    cluster = FakeCluster()
    held = [{"type": "NamespaceContentRemaining", "status": "True", "message": "pods. has 1 resource instances"}]
    cluster.add("Namespace", "ns", status={"phase": "Terminating", "conditions": held})
    found = await facts(world(cluster), "namespace", "dry_run")
    assert found["namespace"] == Namespace("ns", "terminating", blocked_by=("pods. has 1 resource instances",))
    assert found["dry_run"] == Absent("waits for R01")


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (None, Namespace("ns", "active")),
        (ClusterError("not-found", 'namespaces "ns" not found', 404), Namespace("ns", "missing", True)),
        (ClusterError("forbidden", "eve may not create configmaps", 403), Unknown("eve may not get namespaces", "get namespaces")),
        (
            ClusterError("invalid", "unable to create new content in namespace ns because it is being terminated", 403),
            Namespace("ns", "terminating", None, ("unable to create new content in namespace ns because it is being terminated",)),
        ),
    ],
)  # fmt: skip
async def test_a_person_of_the_namespace_alone_looks_from_inside(answer: ClusterError | None, wanted: Any) -> None:
    cluster = active(refuse={"get Namespace": FORBIDDEN, **({"create ConfigMap": answer} if answer else {})})
    assert (await facts(world(cluster), "namespace"))["namespace"] == wanted


# Rendered, Secrets, owners, dry run


async def test_what_helm_renders_is_read_and_tests_are_left_out() -> None:
    helm = FakeHelm(MANIFEST)
    values = asyncio.get_running_loop().create_future()
    values.set_result(Values("a: 1"))
    found = (await facts(world(helm=helm, values=lambda: values), "rendered"))["rendered"]
    assert [one["kind"] for one in found.objects] == ["Secret", "Deployment"]
    assert helm.asked == ["template a: 1 v1.36.3"]


async def test_helm_s_words_lead_back_to_the_question() -> None:
    helm = FakeHelm(problem=Problem("helm template failed: x:\n- at '/ingress/hosts/0/host': minLength"))
    questions = {"ingress.hosts": "host", "ingress.enabled": "expose"}
    found = (await facts(world(helm=helm, value_questions=questions), "rendered"))["rendered"]
    assert (found.check, found.question) == ("W10", "host")


async def test_a_missing_helm_is_told_once() -> None:
    found = await facts(world(helm=FakeHelm(missing=Problem("no helm", "install"))), "helm", "rights", "helm_sees")
    assert found["helm"] == FactFailure("W01", "no helm", "install")
    assert found["rights"] == found["helm_sees"] == Absent("waits for W01")


async def test_only_secrets_that_nobody_makes_are_looked_for() -> None:
    cluster = active()
    cluster.add("Secret", "mine", "ns", data={"b": "Ynl0ZXM=", "e": ""})
    extra = (SecretUse("tls", ("tls.crt",), "the Ingress", "tls.secret"),)
    of = replace(
        world(cluster, extra_secrets=extra),
        made_by_run=frozenset({"by-run"}),
        secret_questions={"mine": "secret.jwt.name"},
    )
    mine, tls = (await facts(of, "secrets"))["secrets"]
    assert (mine.use, mine.there) == (SecretUse("mine", ("b",), "Deployment/rel", "secret.jwt.name"), True)
    assert (mine.keys, mine.empty) == (("b", "e"), ("e",))
    assert not tls.there


ROLES = """
kind: StatefulSet
apiVersion: apps/v1
metadata: {name: db}
spec:
  template:
    spec:
      containers:
        - env:
            - {name: JWT_SECRET, valueFrom: {secretKeyRef: {name: app, key: mine}}}
            - {name: DATABASE_URL_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}
            - {name: OTHER, valueFrom: {secretKeyRef: {name: app, key: other}}}
      volumes: [{name: password, secret: {secretName: db, items: [{key: password}]}}]
"""


async def test_only_values_whose_rules_are_known_are_kept_of_a_secret_and_none_can_be_printed() -> None:
    cluster = active()
    cluster.add("Secret", "app", "ns", data={"mine": "c2hvcnQ=", "other": "c2VjcmV0LW9mLW90aGVycw=="})
    cluster.add("Secret", "db", "ns", data={"password": "cEBzcw=="})
    app, database = (await facts(world(cluster, FakeHelm(ROLES)), "secrets"))["secrets"]
    assert app.use.roles == (("mine", "jwt"),)
    assert {key: value.reveal() for key, value in app.values.items()} == {"mine": "short"}
    assert set(database.use.roles) == {("password", "postgres-url"), ("password", "postgres")}
    assert "short" not in repr(app)


INGRESS = """
kind: Ingress
apiVersion: networking.k8s.io/v1
metadata: {name: rel, annotations: {NOTE: x}}
spec: {tls: [{secretName: front, hosts: [api.example.com]}]}
"""


def with_certificate(name: str) -> FakeCluster:
    pair, cluster = pairs()[name], active()
    data = {"tls.crt": b64encode(pair.certificate).decode(), "tls.key": b64encode(pair.key).decode()}
    cluster.add("Secret", "front", "ns", data=data)
    return cluster


async def certificates(cluster: FakeCluster, text: str = INGRESS, **more: Any) -> Any:
    of = world(cluster, FakeHelm(text), certificates=Certificates(list), now=lambda: NOW, **more)
    return (await facts(of, "certificates"))["certificates"]


async def test_the_certificate_of_an_existing_secret_is_read_for_the_hosts_of_its_ingress() -> None:
    (good,) = await certificates(with_certificate("a chain"), secret_questions={"front": "tls.secret"})
    assert (good.source, good.hosts, good.question) == ("Secret front", ("api.example.com",), "tls.secret")
    assert not remarks(good.chain, good.hosts, good.at)
    for name, says in (
        ("another key", "is not that of"),
        ("an encrypted key", "is encrypted"),
        ("DER", "no certificate in PEM"),
    ):
        (bad,) = await certificates(with_certificate(name))
        assert says in bad.problem.what, name
        assert "of Secret front" in bad.problem.what, name
    (missing,) = await certificates(active())
    assert (missing.chain, missing.problem) == (None, None)


async def test_a_certificate_that_an_issuer_makes_or_that_may_not_be_read_is_not_judged() -> None:
    issued = INGRESS.replace("NOTE", "cert-manager.io/cluster-issuer")
    assert isinstance(await certificates(with_certificate("swapped"), issued), Absent)
    no = ClusterError("forbidden", "eve may not get secrets.", 403, "get secrets")
    assert await certificates(active(refuse={"get Secret": no})) == Unknown("eve may not get secrets", "get secrets")


async def test_the_certificate_of_files_is_judged_by_the_same_rule(tmp_path: Path) -> None:
    pair = pairs()["expired"]
    (tmp_path / "c").write_bytes(pair.certificate)
    (tmp_path / "k").write_bytes(pair.key)

    def read() -> TlsFiles:
        return SecretFiles(PersonFiles(), Certificates(list)).tls(str(tmp_path / "c"), str(tmp_path / "k"))

    (seen,) = await certificates(active(), made_by_run=frozenset({"front"}), tls_files=read)
    assert "it expired on" in remarks(seen.chain, seen.hosts, seen.at)[0].text
    (tmp_path / "k").write_bytes(pairs()["another key"].key)
    (seen,) = await certificates(active(), made_by_run=frozenset({"front"}), tls_files=read)
    assert (seen.problem.question, seen.question) == ("tls.key", "tls.key")


async def test_objects_of_others_are_told_with_their_owner() -> None:
    cluster = active()
    other = {"annotations": {"meta.helm.sh/release-name": "a", "meta.helm.sh/release-namespace": "b"}}
    cluster.add("Secret", "made", "ns", metadata=other)
    ours = {
        "annotations": {"meta.helm.sh/release-name": "rel", "meta.helm.sh/release-namespace": "ns"},
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
    }
    cluster.add("Deployment", "rel", "ns", metadata=ours)
    assert (await facts(world(cluster), "owners"))["owners"] == (Owned("Secret", "made", "release a in namespace b"),)


@pytest.mark.parametrize(
    ("refuse", "asked"),
    [
        ({}, set()),
        ({"create Secret": ClusterError("invalid", "no", 422)}, {"Secret made"}),
        ({"create": FORBIDDEN}, {"Secret made", "Deployment rel"}),
        ({"create Deployment": ClusterError("unavailable", "no", 503)}, {"Deployment rel"}),
    ],
)
async def test_for_the_owner_of_an_object_whose_creation_was_accepted_nobody_is_asked(
    refuse: dict[str, ClusterError], asked: set[str]
) -> None:
    cluster = active(refuse=refuse)
    assert (await facts(world(cluster), "owners"))["owners"] == ()
    of_chart = {"Secret made", "Deployment rel"}
    assert {call.removeprefix("get ") for call in cluster.calls if call.startswith("get ")} & of_chart == asked


async def test_the_dry_run_applies_when_the_release_is_there_and_names_the_field() -> None:
    causes = [{"field": "spec.selector", "message": "field is immutable"}]
    invalid = ClusterError("invalid", "Deployment is invalid", 422, body={"details": {"causes": causes}})
    cluster = active(refuse={"apply Deployment": invalid})
    labels = {"owner": "helm", "name": "rel", "version": "2", "status": "deployed", "modifiedAt": "1735689600"}
    metadata = {"labels": labels, "creationTimestamp": "2026-01-01T00:00:00Z"}
    cluster.add("Secret", "sh.helm.release.v1.rel.v2", "ns", metadata=metadata)
    found = await facts(world(cluster), "dry_run", "release")
    assert found["release"] == Release(2, "deployed", "2026-01-01T00:00:00Z", kept=1)
    assert found["dry_run"] == DryRun(
        2, (Refused("Deployment", "rel", ("spec.selector: field is immutable",)),), "apply"
    )


async def test_a_dry_run_without_the_right_is_unknown_not_refused() -> None:
    no = ClusterError("forbidden", "eve may not create secrets in namespace ns.", 403, "create secrets")
    found = (await facts(world(active(refuse={"create Secret": no})), "dry_run"))["dry_run"]
    assert found.unknown == ("eve may not create secrets in namespace ns",)
    assert not found.refused


async def test_a_connection_that_fails_is_no_judgement_of_an_object_or_pod() -> None:
    broken = ClusterError("tls", "TLS with https://x failed: tlsv1 alert decode error.")
    cluster = active(refuse={"create Secret": broken, "create Pod": broken})
    found = await facts(world(cluster), "dry_run", "probe")
    assert (found["dry_run"].refused, found["dry_run"].unknown) == (
        (),
        ("TLS with https://x failed: tlsv1 alert decode error",),
    )
    assert not found["probe"].refused
    assert found["probe"].unknown


async def test_a_run_of_this_machine_at_work_is_named() -> None:
    cluster = active()
    labels = {"owner": "helm", "name": "rel", "version": "1", "status": "pending-install"}
    cluster.add("Secret", "sh.helm.release.v1.rel.v1", "ns", metadata={"labels": labels})
    found = (await facts(world(cluster, runs={TARGET: "abc"}), "release"))["release"]
    assert found.running == "abc"
    assert "recover rel" in found.refused[1]


BINDS = """
kind: Role
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: runner}
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: runner}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: runner}
"""


@pytest.mark.parametrize(
    ("denied", "untold"), [((), False), (("escalate",), False), (("bind", "escalate"), False), (("bind",), True)]
)
async def test_a_role_of_the_release_may_be_bound_by_who_has_what_it_grants(
    denied: tuple[str, ...], untold: bool
) -> None:
    cluster = active(denied={(verb, "Role") for verb in denied})
    cluster.refuse["create RoleBinding"] = ClusterError("not-found", 'roles "runner" not found', 404)
    tried = (await facts(world(cluster, FakeHelm(BINDS)), "dry_run"))["dry_run"]
    assert tried.refused == ()
    assert bool(tried.unknown) is untold


async def test_missing_rights_are_facts() -> None:
    cluster = active(denied={("delete", "Deployment"), ("get", "Pod")})
    found = await facts(world(cluster), "rights", "sight")
    assert [(one.verb, one.noun) for one in found["rights"] if not one.allowed] == [("delete", "Deployment")]
    assert [(one.verb, one.noun) for one in found["sight"] if not one.allowed] == [("get", "Pod/log")]


@pytest.mark.parametrize(("driver", "kind"), [("", "Secret"), ("configmap", "ConfigMap"), ("sql", "")])
async def test_the_place_of_helm_s_records_is_the_environment_s(
    monkeypatch: pytest.MonkeyPatch, driver: str, kind: str
) -> None:
    monkeypatch.setenv("HELM_DRIVER", driver)
    found = await facts(world(active()), "record_rights", "release")
    if kind:
        assert {one.noun for one in found["record_rights"]} == {kind}
    else:
        assert isinstance(found["record_rights"], Absent)
        assert isinstance(found["release"], Unknown)


@pytest.mark.parametrize(
    ("driver", "uid", "revision"), [("", "u1", None), ("configmap", "u1", None), ("sql", "u1", 3), ("", "", 3)]
)
async def test_helm_lists_its_releases_only_where_the_cluster_alone_proves_nothing(
    monkeypatch: pytest.MonkeyPatch, driver: str, uid: str, revision: int | None
) -> None:
    monkeypatch.setenv("HELM_DRIVER", driver)
    cluster, helm = active(), FakeHelm(rows=({"name": "rel", "revision": "3"},), uid="u1")
    if uid:
        cluster.add("Namespace", "kube-system", metadata={"uid": uid})
    found = await facts(world(cluster, helm), "helm_sees")
    assert (found["helm_sees"].revision, found["helm_sees"].ours) == (revision, uid)
    assert ("list" in helm.asked) == (revision is not None)


NAMED = """
kind: Deployment
apiVersion: apps/v1
metadata: {name: d}
spec:
  template:
    spec:
      containers:
      - name: c
        env:
        - {name: A, value: "http://mine:80"}
        - {name: B, value: "redis://there:6379/0"}
        - {name: C, value: "redis://p-0.empty.other.svc:6379"}
        - {name: D, value: "https://gone.other.svc.cluster.local/x"}
        - {name: E, value: "https://example.com"}
---
kind: Service
apiVersion: v1
metadata: {name: mine}
spec: {ports: [{port: 80}]}
"""


async def test_services_that_are_named_are_looked_at_once_each_but_not_those_of_the_release() -> None:
    cluster = active()
    for name, space in (("there", "ns"), ("empty", "other"), ("unasked", "other")):
        cluster.add("Service", name, space, spec={"ports": [{"port": 6379}]})
    labels = {"kubernetes.io/service-name": "there"}
    cluster.add("EndpointSlice", "there-1", "ns", metadata={"labels": labels}, endpoints=[{"addresses": ["10.0.0.1"]}])
    found = {
        name: fact
        async for name, fact in collectors.facts(world(cluster, FakeHelm(NAMED)), frozenset({"named_services"}))
    }
    port = frozenset({6379})
    assert found["named_services"] == {
        "ns/there": ServiceSeen("ready", port),
        "other/empty": ServiceSeen("no endpoints", port),
        "other/gone": ServiceSeen("missing"),
    }


async def test_named_services_beyond_the_most_that_are_looked_at_are_said_to_be_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services, "_MOST", 2)
    found = {
        name: fact
        async for name, fact in collectors.facts(world(active(), FakeHelm(NAMED)), frozenset({"named_services"}))
    }
    missing = ServiceSeen("missing")
    assert found["named_services"] == {"ns/there": missing, "other/empty": missing, "other/gone": None}


async def test_a_named_service_that_is_hidden_names_the_right() -> None:
    cluster = active(refuse={"get Service": ClusterError("forbidden", "eve may not", 403, "get services in ns")})
    found = {
        name: fact
        async for name, fact in collectors.facts(world(cluster, FakeHelm(NAMED)), frozenset({"named_services"}))
    }
    assert set(found["named_services"].values()) == {ServiceSeen("hidden", permission="get services in ns")}
