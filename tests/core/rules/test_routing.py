from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.kube.objects import BEGAN, LONG_AGO, NOW, condition, container, obj, pod, running
from wizard.core.kube.objects import ObjectEvent
from wizard.core.rules import diagnosis
from wizard.core.rules.diagnosis import Observation
from wizard.core.rules.finding import Finding
from wizard.core.rules.ranking import diagnose
from wizard.core.rules.snapshot import Revision, Snapshot
from wizard.core.target import Target

OLD = {"creationTimestamp": LONG_AGO, "namespace": "ns"}
KNOWN = frozenset({"Service", "Ingress", "IngressClass"})
TWO_MINUTES_AGO = "2026-01-01T11:58:00Z"
ONE_MINUTE_AGO = "2026-01-01T11:59:00Z"
NGINX = obj("IngressClass", "nginx", spec={"controller": "k8s.io/ingress-nginx"})


def service(name: str = "api", *, meta: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    return obj(
        "Service", name, metadata=OLD | (meta or {}), spec={"selector": {"app": name}, "ports": ports} | spec, status={}
    )


def ingress(
    *paths: tuple[str, str, dict[str, Any]], name: str = "api", meta: dict[str, Any] | None = None, **spec: Any
) -> dict[str, Any]:
    """With paths (path, name of the Service, its port)."""
    rules = [
        {"path": path, "pathType": "Prefix", "backend": {"service": {"name": to, "port": port}}}
        for path, to, port in paths
    ]
    spec = {"ingressClassName": "nginx", "rules": [{"host": "x.test", "http": {"paths": rules}}]} | spec
    status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
    return obj("Ingress", name, metadata=OLD | (meta or {}), spec=spec, status=status)


def ready_pod(
    name: str = "api-0", *, app: str = "api", node: str = "n1", ready: bool = True, **spec: Any
) -> dict[str, Any]:
    state = condition("Ready", str(ready), lastTransitionTime=LONG_AGO)
    one = pod(
        container(running(LONG_AGO), ready=ready, containerID="c"), name=name, conditions=(state,), phase="Running"
    )
    one["metadata"].update(OLD, labels={"app": app})
    one["spec"].update(nodeName=node)
    one["spec"]["containers"][0].update(ports=[{"name": "http", "containerPort": 8080}], **spec)
    return one


def snapshot(*objects: dict[str, Any], around: tuple[dict[str, Any], ...] = (NGINX,), **more: Any) -> Snapshot:
    more = {"namespace": "ns", "release": "rel", "seen": KNOWN} | more
    beside = {one["metadata"]["uid"]: one for one in around}
    return Snapshot(
        {one["metadata"]["uid"]: one for one in objects}, more.pop("events", ()), NOW, around=beside, **more
    )


READY = {"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
TEMPLATE = {"metadata": {"labels": {"app": "api"}}, "spec": ready_pod()["spec"]}
API = obj(
    "Deployment",
    "api",
    metadata=OLD,
    spec={"replicas": 1, "template": TEMPLATE},
    status={"observedGeneration": 1, **READY},
)


def found(what: Snapshot, rule: str) -> list[Finding]:
    return [one for one in diagnose(what) if one.id == rule]


# TR03: the selector of a Service


def workload(name: str = "api") -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": []}}
    return obj("Deployment", name, metadata=OLD, spec={"replicas": 1, "template": template}, status={})


CHANGED = service(selector={"app": "apii"})
METRICS = service("api-metrics", selector={"app": "api"})
SELECTORS: list[tuple[str, tuple[dict[str, Any], ...], str, str]] = [
    ("the workload of its name", (workload(), ready_pod()), "its selector matches none", "Deployment/api"),
    ("a workload whose pods another selects", (workload(), ready_pod(), METRICS), "its selector matches none", "Deployment/api"),
    ("a workload without a pod", (workload(),), "its selector matches none", "Deployment/api"),
    ("a pod that nothing else selects", (ready_pod(),), "its selector matches none", "Pod/api-0"),
    ("no workload: the pods are another Service's", (workload("web"), ready_pod("web-0", app="web"), service("web")), "its workload does not exist", ""),
]  # fmt: skip


def test_labels_that_kubernetes_puts_on_pods_are_not_shown_unless_the_selector_asks_for_them() -> None:
    pod = ready_pod(app="api")
    pod["metadata"]["labels"] |= {"pod-template-hash": "5d8", "topology.kubernetes.io/zone": "a", "job-kind": "x"}
    shown = {
        text: found(snapshot(service(selector=asked), pod), "TR03")[0].evidence[1].text
        for text, asked in (("app", {"app": "apii"}), ("hash", {"pod-template-hash": "6"}))
    }
    assert shown == {"app": "app=api, job-kind=x", "hash": "app=api, pod-template-hash=5d8, job-kind=x"}


@pytest.mark.parametrize(("what", "beside", "words", "named"), SELECTORS, ids=[row[0] for row in SELECTORS])
def test_a_selector_that_matches_none(what: str, beside: tuple[dict[str, Any], ...], words: str, named: str) -> None:
    [finding] = found(snapshot(CHANGED, *beside), "TR03")
    assert finding.title == f"no pod is behind it: {words}"
    assert [proof.object for proof in finding.evidence] == ["Service/api", *([named] if named else [])]


@pytest.mark.parametrize(
    ("made", "status", "beside", "words"),
    [
        ("api app=api", "deployed", (workload("front"), ready_pod("front-0", app="api")), "its selector matches none since it was changed"),
        ("api app=api,tier=web", "deployed", (), "its selector matches none since it was changed"),
        ("api app=apii", "deployed", (), "its workload does not exist"),
        ("other app=api", "deployed", (), "its workload does not exist"),
        ("api ", "deployed", (), "its workload does not exist"),
    ],
)  # fmt: skip
def test_a_selector_that_helm_did_not_make_is_told_by_its_record(
    made: str, status: str, beside: tuple[dict[str, Any], ...], words: str
) -> None:
    revisions = (Revision(1, "superseded"), Revision(2, status, selectors=("web app=web", made)))
    [finding] = found(replace(snapshot(CHANGED, *beside), revisions=revisions), "TR03")
    assert finding.title == f"no pod is behind it: {words}"
    patches = [command for command in finding.commands if "patch" in command]
    assert bool(patches) is ("changed" in words)
    if patches:
        assert patches[0].startswith('kubectl patch service/api -p \'{"spec": {"selector": {"app": "api"')
        assert finding.evidence[1].object == "helm's revision 2"


def test_a_label_that_somebody_added_to_the_selector_goes_with_the_patch() -> None:
    changed = service(selector={"app": "api", "tier": "gone"})
    look = replace(snapshot(changed, workload()), revisions=(Revision(1, "deployed", selectors=("api app=api",)),))
    [finding] = found(look, "TR03")
    assert '{"selector": {"app": "api", "tier": null}}' in finding.commands[0]


# TR03: ports and nodes of a Service


def by(**port: Any) -> dict[str, Any]:
    return service(ports=[{"port": 80, **port}])


BARE = ready_pod("api-1")
BARE["spec"]["containers"][0].pop("ports")
SIDECAR = ready_pod("api-1")
SIDECAR["spec"]["initContainers"] = [{"name": "proxy", "ports": [{"containerPort": 15006}]}]
NOTED = ready_pod("api-1")
NOTED["metadata"]["annotations"] = {"prometheus.io/port": "9000"}
PORTS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("a number that it declares", by(targetPort=8080), ready_pod(), ""),
    ("a number that it does not declare", by(targetPort=9000), ready_pod(), "none has port 9000"),
    ("none, so that of the Service counts", by(), ready_pod(), "none has port 80"),
    ("the number as a text", by(targetPort="9000"), ready_pod(), "none has port 9000"),
    ("a name that it has", by(targetPort="http"), ready_pod(), ""),
    ("a name that it does not have", by(targetPort="web"), ready_pod(), "none has a port named web"),
    ("a number of a sidecar", by(targetPort=15006), SIDECAR, ""),
    ("a number, and one pod declares nothing", by(targetPort=9000), BARE, ""),
    ("a number that an annotation names", by(targetPort=9000), NOTED, ""),
    ("a number that a probe names", by(targetPort=9000), ready_pod("api-1", livenessProbe={"tcpSocket": {"port": 9000}}), ""),
    ("a number that an address names", by(targetPort=9000), ready_pod("api-1", args=["--listen=:9000"]), ""),
    ("a number that is a part of another", by(targetPort=9000), ready_pod("api-1", args=["--limit=19000"]), "none has port 9000"),
    ("of a headless Service", service(clusterIP="None", ports=[{"port": 9000}]), ready_pod(), ""),
]  # fmt: skip


@pytest.mark.parametrize(("what", "calls", "beside", "words"), PORTS, ids=[row[0] for row in PORTS])
def test_a_port_is_missed_where_nothing_says_that_it_is_served(
    what: str, calls: dict[str, Any], beside: dict[str, Any], words: str
) -> None:
    titles = [one.title for one in found(snapshot(calls, ready_pod(), beside), "TR03")]
    assert titles == ([f"no pod is behind it: {words}"] if words else [])


USERS = [
    # ports of the Service that lead nowhere, the port of the Ingress, what users feel
    ((), "http", "fine"),
    (("http",), "http", "down"),
    (("admin",), "http", "fine"),
    (("http", "admin"), "http", "down"),
]


@pytest.mark.parametrize(("dead", "asked", "users"), USERS)
def test_users_are_cut_off_by_the_port_that_they_use(dead: tuple[str, ...], asked: str, users: str) -> None:
    ports = [
        {"name": name, "port": number, "targetPort": 9000 if name in dead else 8080}
        for name, number in (("http", 80), ("admin", 81))
    ]
    world = snapshot(API, service(ports=ports), ready_pod(), ingress(("/", "api", {"name": asked})))
    result = diagnosis.of(Observation(world), Target("", "ns", "rel"))
    assert result.impact.users == users
    step = next(step for step in result.way_in if step.name == "Service/api")
    assert step.state == ("fail" if dead else "pass")


CALLS: dict[str, Any] = {"env": [{"name": "DATABASE_URL", "value": "postgres://u@db:5432/x"}]}
LOCAL = service("db", internalTrafficPolicy="Local", ports=[{"port": 5432, "targetPort": 8080}])
STORE = ready_pod("db-0", app="db")
FAILS = ready_pod("web-0", app="web", node="n2", ready=False, **CALLS)
NODES: list[tuple[str, tuple[dict[str, Any], ...], bool]] = [
    ("its caller is on another node", (LOCAL, STORE, FAILS), True),
    ("its policy is Cluster", (service("db", internalTrafficPolicy="Cluster", ports=LOCAL["spec"]["ports"]), STORE, FAILS), False),
    ("it is headless", (service("db", internalTrafficPolicy="Local", clusterIP="None"), STORE, FAILS), False),
    ("its caller is ready", (LOCAL, STORE, ready_pod("web-0", app="web", node="n2", **CALLS)), False),
    ("who is not ready calls another", (LOCAL, STORE, ready_pod("web-0", app="web", node="n2", ready=False)), False),
    ("a caller beside it fails too", (LOCAL, STORE, FAILS, ready_pod("web-1", app="web", ready=False, **CALLS)), False),
    ("a caller beside it is ready", (LOCAL, STORE, FAILS, ready_pod("web-1", app="web", **CALLS)), True),
    ("it has no ready pod itself", (LOCAL, ready_pod("db-0", app="db", ready=False), FAILS), False),
    ("its unready pod is on the caller's node", (LOCAL, STORE, ready_pod("db-1", app="db", node="n2", ready=False), FAILS), False),
]  # fmt: skip


@pytest.mark.parametrize(("what", "objects", "said"), NODES, ids=[row[0] for row in NODES])
def test_a_local_service_is_named_when_only_callers_on_other_nodes_fail(
    what: str, objects: tuple[dict[str, Any], ...], said: bool
) -> None:
    findings = found(snapshot(*objects), "TR03")
    assert bool(findings) == said
    for one in findings:
        assert one.title == "internalTrafficPolicy is Local, and none of its pods is on n2"
        assert (one.object, one.affects) == (
            "Service/db",
            ("Pod/web-0",) if len(objects) == 3 else ("Pod/web-0", "Pod/web-1"),
        )


# TR05: backends and paths of an Ingress


FOREIGN = service(meta={"namespace": "elsewhere", "uid": "foreign"})
HTTP = {"name": "http"}
BACKENDS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    # what, the Ingress, more of the snapshot, the end of the title
    ("a Service that is there", ingress(("/", "front", HTTP)), {}, ""),
    ("a Service that is not there", ingress(("/", "back", HTTP)), {}, "Service back does not exist"),
    ("one of that name in another namespace", ingress(("/", "api", HTTP)), {"around": (NGINX, FOREIGN)}, "Service api does not exist"),
    ("a name that is no port", ingress(("/", "front", {"name": "web"})), {}, "Service front has no port web"),
    ("a number that is no port", ingress(("/", "front", {"number": 8080})), {}, "Service front has no port 8080"),
    ("a number that is a port", ingress(("/", "front", {"number": 80})), {}, ""),
    ("two that are not there", ingress(("/", "back", HTTP), ("/x", "side", HTTP)), {}, "Service back does not exist (and 1 more)"),
    ("an action, no Service", ingress(("/", "redirect", {"name": "use-annotation"})), {}, ""),
    ("an object that is no Service", ingress(rules=[], defaultBackend={"resource": {"kind": "Bucket", "name": "x"}}), {}, ""),
    ("only hosts", ingress(rules=[{"host": "x.test"}]), {}, ""),
    ("what may not be listed", ingress(("/", "back", HTTP)), {"seen": frozenset({"Ingress"})}, ""),
    ("one that helm has yet to create", ingress(("/", "back", HTTP)), {"revisions": (Revision(1, "pending-install"),)}, ""),
    ("one, and was changed a moment ago", ingress(("/", "back", HTTP)), {"changed": {"uid-Ingress-api": BEGAN}}, ""),
    ("one, and is being deleted", ingress(("/", "back", HTTP), meta={"deletionTimestamp": BEGAN}), {}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rule", "known", "end"), BACKENDS, ids=[row[0] for row in BACKENDS])
def test_an_ingress_that_leads_to_no_service_is_named_with_it(
    what: str, rule: dict[str, Any], known: dict[str, Any], end: str
) -> None:
    titles = [one.title for one in found(snapshot(rule, service("front"), **known), "TR05")]
    assert titles == ([f"it sends requests nowhere: {end}"] if end else [])


MINE = ingress(("/", "api", HTTP), name="mine", meta={"creationTimestamp": TWO_MINUTES_AGO})
WINNER = "Ingress/other has the same host and path and is older: it gets the requests"
UNSURE = "Ingress/other has the same host and path: which of the two gets the requests is not certain"
TRAEFIK = obj("IngressClass", "nginx", spec={"controller": "traefik.io/ingress-controller"})
DEFAULT = {
    **NGINX,
    "metadata": {**NGINX["metadata"], "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}},
}


def other(*, made: str = LONG_AGO, to: str = "front", path: str = "/", **rest: Any) -> dict[str, Any]:
    meta = {"creationTimestamp": made, **rest.pop("meta", {})}
    return ingress((path, to, HTTP), name="other", meta=meta, **rest)


RIVALS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    # what, the other Ingress, its class, the title
    ("older", other(), NGINX, WINNER),
    ("older, of the default class", other(ingressClassName=None), DEFAULT, WINNER),
    ("older, by the old annotation", other(ingressClassName=None, meta={"annotations": {"kubernetes.io/ingress.class": "nginx"}}), NGINX, WINNER),
    ("younger", other(made=BEGAN), NGINX, ""),
    ("of the same second", other(made=TWO_MINUTES_AGO), NGINX, UNSURE),
    ("older, of another controller", other(), TRAEFIK, UNSURE),
    ("younger, of another controller", other(made=ONE_MINUTE_AGO), TRAEFIK, UNSURE),
    ("made a moment ago, of another controller", other(made=BEGAN), TRAEFIK, ""),
    ("older, of another controller that is told which", other(meta={"annotations": {"traefik.ingress.kubernetes.io/router.priority": "9"}}), TRAEFIK, ""),
    ("older, at another load balancer", other() | {"status": {"loadBalancer": {"ingress": [{"hostname": "lb.test"}]}}}, TRAEFIK, ""),
    ("older, to the same port by its number", ingress(("/", "api", {"number": 80}), name="other"), NGINX, ""),
    ("older, to another port of the Service", ingress(("/", "api", {"name": "admin"}), name="other"), NGINX, WINNER),
    ("of another class", other(ingressClassName="internal"), NGINX, ""),
    ("with another path", other(path="/x"), NGINX, ""),
    ("to the same Service", other(to="api"), NGINX, ""),
    ("being deleted", other(meta={"deletionTimestamp": BEGAN}), NGINX, ""),
    ("in another namespace", other(meta={"namespace": "elsewhere"}), NGINX, WINNER.replace(" has", " in namespace elsewhere has")),
    ("in another namespace, younger", other(made=BEGAN, meta={"namespace": "elsewhere"}), NGINX, ""),
    ("in another namespace, to a Service of the same name", other(to="api", meta={"namespace": "elsewhere"}), NGINX, WINNER.replace(" has", " in namespace elsewhere has")),
    ("a canary", other(meta={"annotations": {"nginx.ingress.kubernetes.io/canary": "true"}}), NGINX, ""),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rival", "of_class", "title"), RIVALS, ids=[row[0] for row in RIVALS])
def test_an_ingress_with_the_same_host_and_path_is_named_when_it_may_take_the_requests(
    what: str, rival: dict[str, Any], of_class: dict[str, Any], title: str
) -> None:
    ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "admin", "port": 81, "targetPort": 8080}]
    world = snapshot(MINE, service(ports=ports), service("front"), around=(of_class, rival))
    findings = found(world, "TR05")
    assert [one.title for one in findings] == ([title] if title else [])
    assert [one.urgent for one in findings] == (["it gets the requests" in title] if title else [])


@pytest.mark.parametrize("of_class", [NGINX, TRAEFIK])
def test_of_two_of_the_release_only_the_younger_is_named(of_class: dict[str, Any]) -> None:
    world = snapshot(MINE, other(), service(), service("front"), around=(of_class,))
    assert [one.object for one in found(world, "TR05")] == ["Ingress/mine"]


OUTSIDE = [
    (("/", "api"), ("/x", "api"), "fine"),
    (("/", "back"), ("/x", "api"), "part"),
    (("/", "back"), ("/x", "back"), "outside"),
]


@pytest.mark.parametrize(("first", "second", "users"), OUTSIDE)
def test_users_outside_are_cut_off_when_no_path_leads_in(
    first: tuple[str, str], second: tuple[str, str], users: str
) -> None:
    world = snapshot(API, service(), ready_pod(), ingress((*first, HTTP), (*second, HTTP)))
    result = diagnosis.of(Observation(world), Target("", "ns", "rel"))
    assert result.impact.users == users
    assert result.way_in[0].state == ("pass" if users == "fine" else "fail")
    assert result.verdict.state == "ready", "what is outside of the release never makes it unready"
    assert int(result.code) == (users != "fine")


# TR08: TLS Secrets of an Ingress


def secret(*keys: str) -> dict[str, Any]:
    return obj("Secret", "api-tls", metadata=OLD, data=dict.fromkeys(keys, "********"))


def secured(name: str = "api-tls", **meta: Any) -> dict[str, Any]:
    return ingress(("/", "api", HTTP), meta=meta, tls=[{"hosts": ["x.test"], **({"secretName": name} if name else {})}])


NONE = {"absent": frozenset({"Secret/api-tls"})}
SECRETS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("is not there", secured(), NONE, "does not exist"),
    ("may not be read", secured(), {}, ""),
    ("is there", secured(), {"around": (NGINX, secret("tls.crt", "tls.key"))}, ""),
    ("has no key", secured(), {"around": (NGINX, secret("tls.crt"))}, "has no tls.key"),
    ("is empty", secured(), {"around": (NGINX, secret())}, "has no tls.crt and no tls.key"),
    ("is not named", secured(""), NONE, ""),
    ("is made by an issuer", secured(annotations={"cert-manager.io/cluster-issuer": "x"}), NONE, ""),
    ("is not needed: GKE has the certificate", secured(annotations={"networking.gke.io/managed-certificates": "x"}), NONE, ""),
    ("is not read by the class", secured() | {"spec": secured()["spec"] | {"ingressClassName": "alb"}}, NONE, ""),
    ("is not there, the Ingress is new", secured(creationTimestamp=BEGAN), NONE, ""),
    ("is yet to be created by helm", secured(), NONE | {"revisions": (Revision(1, "pending-install"),)}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rule", "known", "why"), SECRETS, ids=[row[0] for row in SECRETS])
def test_a_tls_secret_without_a_certificate_is_named(
    what: str, rule: dict[str, Any], known: dict[str, Any], why: str
) -> None:
    titles = [one.title for one in found(snapshot(rule, service(), **known), "TR08")]
    assert titles == ([f"its TLS Secret api-tls {why}: HTTPS has no certificate for x.test"] if why else [])


# TR10: the load balancer of a Service


def told(kind: str, reason: str, message: str) -> ObjectEvent:
    return ObjectEvent("uid-Service-api", "Service", "api", kind, reason, message, 3, BEGAN)


NO_SUBNETS = told(
    "Warning", "SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: no subnets"
)
ENSURING = told("Normal", "EnsuringLoadBalancer", "Ensuring load balancer")
MADE = {"creationTimestamp": TWO_MINUTES_AGO}
BALANCERS: list[tuple[str, dict[str, Any], tuple[ObjectEvent, ...], str]] = [
    ("refused", service(type="LoadBalancer"), (NO_SUBNETS,), "its load balancer cannot be made"),
    ("refused two minutes ago", service(type="LoadBalancer", meta=MADE), (NO_SUBNETS,), "its load balancer cannot be made"),
    ("refused a moment ago", service(type="LoadBalancer", meta={"creationTimestamp": BEGAN}), (NO_SUBNETS,), ""),
    ("in the making for an hour", service(type="LoadBalancer"), (ENSURING,), "its load balancer is not made yet"),
    ("in the making for two minutes", service(type="LoadBalancer", meta=MADE), (ENSURING,), ""),
    ("nobody takes it up", service(type="LoadBalancer"), (), "no event says that a load balancer is made for it"),
    ("of another type", service(type="NodePort"), (), ""),
    ("being deleted", service(type="LoadBalancer", meta={"deletionTimestamp": BEGAN}), (NO_SUBNETS,), ""),
]  # fmt: skip


@pytest.mark.parametrize(("what", "asks", "events", "why"), BALANCERS, ids=[row[0] for row in BALANCERS])
def test_a_load_balancer_without_an_address_is_named_with_its_event(
    what: str, asks: dict[str, Any], events: tuple[ObjectEvent, ...], why: str
) -> None:
    findings = found(snapshot(asks, ready_pod(), events=events), "TR10")
    assert [one.title for one in findings] == ([f"it has no address: {why}"] if why else [])
    for one in findings:
        assert [proof.text for proof in one.evidence[1:]] == [event.message for event in events]


def test_users_outside_are_cut_off_without_the_load_balancer() -> None:
    objects = (API, service(type="LoadBalancer"), ready_pod())
    for more, users in (((), "outside"), ((ingress(("/", "api", HTTP)),), "fine")):
        assert diagnosis.of(Observation(snapshot(*objects, *more)), Target("", "ns", "rel")).impact.users == users


# TR12: an autoscaler at its maximum


def scaler(
    *, reason: str = "TooManyReplicas", since: str = LONG_AGO, count: int = 5, cpu: int | None = 95, **rest: Any
) -> dict[str, Any]:
    limited = condition(
        "ScalingLimited", "True", reason=reason, lastTransitionTime=since, message="more than the maximum"
    )
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    spec = {"minReplicas": 2, "maxReplicas": 5, "metrics": [metric]} | rest.pop("spec", {})
    now = (
        [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": cpu}}}]
        if cpu
        else [{"type": ""}]
    )
    status = {"conditions": [limited], "currentReplicas": count, "currentMetrics": now} | rest
    return obj("HorizontalPodAutoscaler", "api", metadata=OLD, spec=spec, status=status)


QUEUE = {"metric": {"name": "depth"}}
DEPTH: dict[str, Any] = {
    "spec": {"metrics": [{"type": "External", "external": {**QUEUE, "target": {"type": "AverageValue", "averageValue": "30"}}}]},
    "currentMetrics": [{"type": "External", "external": {**QUEUE, "current": {"averageValue": "41500m"}}}],
}  # fmt: skip
SCALERS: list[tuple[str, dict[str, Any], str]] = [
    ("for an hour, above its target", scaler(), "cpu: averageUtilization 95, target 70"),
    ("for an hour, its metrics unknown", scaler(cpu=None), ""),
    ("for an hour, above the target of a queue", scaler(**DEPTH), "depth: averageValue 41500m, target 30"),
]


@pytest.mark.parametrize(("what", "one", "reading"), SCALERS, ids=[row[0] for row in SCALERS])
def test_an_autoscaler_at_its_maximum_is_a_note(what: str, one: dict[str, Any], reading: str) -> None:
    (note,) = found(snapshot(one), "TR12")
    assert (note.urgent, note.title) == (False, "it is at its maximum of 5 pods, and its metrics ask for more")
    assert [proof.text for proof in note.evidence[2:]] == ([reading] if reading else [])


WITHIN: list[tuple[str, dict[str, Any]]] = [
    ("it is below its target", scaler(cpu=60)),
    ("it is limited by the speed of its steps", scaler(reason="ScaleUpLimit")),
    ("it is at its minimum", scaler(reason="TooFewReplicas", count=2)),
    ("it just reached it", scaler(since=BEGAN)),
    ("its last step was a moment ago", scaler(lastScaleTime=BEGAN)),
    ("its number is fixed", scaler(spec={"minReplicas": 5})),
    ("its pods are yet to come", scaler(count=4)),
]


@pytest.mark.parametrize(("what", "one"), WITHIN, ids=[row[0] for row in WITHIN])
def test_an_autoscaler_within_its_limits_is_no_finding(what: str, one: dict[str, Any]) -> None:
    assert found(snapshot(one), "TR12") == []
