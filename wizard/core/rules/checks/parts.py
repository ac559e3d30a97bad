"""W20 to W22, N10, S09, C10: what pods name and is not there, what hooks need before it is made, what a chart has twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from wizard.core.helm import plan, revision
from wizard.core.kube.ingress import routes
from wizard.core.kube.objects import Object, containers, labels_of
from wizard.core.limits import map_of, maps_of, text_of
from wizard.core.rules import claims, manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import ClaimsTried, Release, Rendered
from wizard.core.rules.manifests import Template
from wizard.core.scheduling.selectors import labels_match
from wizard.core.target import Target
from wizard.core.text.words import counted

_DEFAULT_SCHEDULER: Final = "default-scheduler"


@check("W20", "ConfigMaps that are named", needs=("rendered", "config_maps"), severity="B")
def config_maps(facts: Facts) -> Outcome:
    """Every ConfigMap that a pod cannot start without is rendered or there, with the keys that are named."""
    rendered: Rendered = facts["rendered"]
    there: Mapping[str, frozenset[str] | None] = facts["config_maps"]
    used = manifests.config_maps_used(rendered.objects)
    known = {**there, **{str(one["metadata"].get("name")): _keys(one) for one in rendered.of("ConfigMap")}}
    lines = []
    for name, (keys, user) in used.items():
        has = known.get(name)
        if has is None:
            lines.append(f"{user}: ConfigMap {name} is not in the namespace, and its pods would not start")
        elif missing := [key for key in keys if key not in has]:
            lines.append(
                f"{user}: ConfigMap {name} has no key {', '.join(missing)}; its keys: {', '.join(sorted(has)[:6]) or 'none'}"
            )
    if lines:
        return Outcome("fail", capped(lines), "Make it before the install, or correct the name or the key.")
    return Outcome(
        "pass", (f"{counted(len(used), 'ConfigMap')} named, all there" if used else "no pod names a ConfigMap",)
    )


def _keys(config_map: Object) -> frozenset[str]:
    return frozenset((*map_of(config_map, "data"), *map_of(config_map, "binaryData")))


@check("S09", "claims that are named", needs=("rendered", "live_claims"), severity="B")
def named_claims(facts: Facts) -> Outcome:
    """Every claim that a pod names is rendered or there, with a volume or somebody who makes one."""
    rendered: Rendered = facts["rendered"]
    live: Mapping[str, Object] = facts["live_claims"]
    made = {one.name for one in claims.wanted(rendered.objects)}
    lines, count = [], 0
    for owner, spec in manifests.pods(rendered.objects):
        for name in claims.mounted(spec):
            count += 1
            if name not in made and (why := _no_disk(live.get(name))):
                lines.append(f"{owner}: claim {name} {why}")
    if lines:
        return Outcome(
            "fail", capped(lines), "Have the claim or its volume made before the install, or name another one."
        )
    return Outcome("pass", (f"{counted(count, 'claim')} named, all there" if count else "no pod names a claim",))


def _no_disk(claim: Object | None) -> str:
    """Why no pod can have the disk of a claim; "" when one can or nobody knows."""
    if claim is None:
        return "is not in the namespace"
    if claim["metadata"].get("deletionTimestamp"):
        return "is being deleted"
    phase = map_of(claim, "status").get("phase")
    if phase == "Lost":
        return "has lost its volume"
    if phase == "Pending" and map_of(claim, "spec").get("storageClassName") == "":
        return "has no volume (unbound), and without a class nothing makes one"
    return ""


@check("R09", "claims as admission sees them", needs=("tried_claims",), severity="B")
def tried_claims(facts: Facts) -> Outcome:
    """Quotas, limits and policies accept the claims that StatefulSets make: no rendered object is one, so that R07 tries none."""
    result: ClaimsTried = facts["tried_claims"]
    if result.refused:
        lines = capped(f"{owner}: {said}" for owner, said in result.refused.items())
        return Outcome(
            "fail", lines, "Correct what the message names; policies of the cluster are its administrators'."
        )
    if result.unknown:
        # Only the controller makes claims: whoever installs needs no right to.
        return Outcome("skipped", capped(result.unknown))
    return Outcome("pass", (f"{result.count} of {result.count} claims accepted",))


@check("W21", "hooks before the install", needs=("rendered", "release", "target"), severity="B")
def hooks(facts: Facts) -> Outcome:
    """What a hook's pod needs is made before it: helm runs such hooks, and waits for them, before it makes the release's objects."""
    rendered: Rendered = facts["rendered"]
    release: Release = facts["release"]
    target: Target = facts["target"]
    if revision.installed(release.revision, release.status):
        return Outcome("pass", ("what hooks need is there since the install, or R07 and R08 say so",))
    lines = []
    for obj in rendered.objects:
        if "pre-install" not in plan.hook_events(obj):
            continue
        for owner, spec in manifests.pods([obj]):
            for kind, name in _needed(obj, spec):
                makers = [
                    one for one in rendered.objects if one["kind"] == kind and one["metadata"].get("name") == name
                ]
                if makers and all(_later(one, obj, target) for one in makers):
                    lines.append(f"{owner} runs before the install and needs {kind} {name}, which is made after it")
    if lines:
        step = "Make what it needs a hook too, with a smaller weight, or the hook one after the install (post-install)."
        return Outcome("fail", capped(lines), step)
    return Outcome("pass", ("no hook needs what is made after it",))


def _needed(obj: Object, spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(kind, name) of what has to be there before a pod can start."""
    if account := text_of(spec, "serviceAccountName") or text_of(spec, "serviceAccount"):
        yield "ServiceAccount", account
    for name in manifests.config_maps_used([obj]):
        yield "ConfigMap", name
    for name in manifests.secrets_used([obj]):
        yield "Secret", name
    for name in claims.mounted(spec):
        yield "PersistentVolumeClaim", name


def _later(one: Object, hook: Object, target: Target) -> bool:
    """Whether helm makes an object after the hook has ended (helm.sh/docs/topics/charts_hooks)."""
    if plan.identity(one, target.namespace)[2] != plan.identity(hook, target.namespace)[2]:
        return False
    return "pre-install" not in plan.hook_events(one) or _weight(one) > _weight(hook)


def _weight(hook: Object) -> int:
    text = str((hook["metadata"].get("annotations") or {}).get("helm.sh/hook-weight") or "0").strip()
    return int(text) if text.lstrip("+-").isdigit() and len(text) < 12 else 0


_RANGE: Final = range(30000, 32768)
"""The ports of the nodes that the API server gives to Services unless it is told others (--service-node-port-range)."""


@check("N10", "what a chart has twice", needs=("rendered", "target"), severity="B")
def twice(facts: Facts) -> Outcome:
    """No two objects of the release have one name, and no two of its Services one port of the nodes, or one out of their range."""
    rendered: Rendered = facts["rendered"]
    target: Target = facts["target"]
    names = Counter(plan.identity(one, target.namespace) for one in rendered.objects if one["metadata"].get("name"))
    same = [
        f"{kind}/{name} is rendered {count} times: helm 4 keeps the last, helm 3 refuses"
        for (_, kind, _, name), count in names.items()
        if count > 1
    ]
    ports: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    for service in rendered.of("Service"):
        for port in maps_of(map_of(service, "spec"), "ports"):
            if isinstance(number := port.get("nodePort"), int) and number:
                ports[number, str(port.get("protocol") or "TCP")].append(manifests.label(service))
    lines = [
        f"nodePort {number} is asked for {len(those)} times: {', '.join(dict.fromkeys(those))}"
        for (number, _), those in ports.items()
        if len(those) > 1
    ]
    same += [
        f"{those[0]}: nodePort {number} is out of the usual range 30000-32767: the API server would refuse it"
        for (number, _), those in ports.items()
        if number not in _RANGE
    ]
    step = "Correct the value that gives this name or port, or the chart."
    if lines:
        return Outcome("fail", capped([*lines, *same]), step)
    if same:
        return Outcome("warn", capped(same), step)
    return Outcome("pass", ("every object and every port of the nodes is there once",))


@check("C10", "nodes and schedulers that pods name", needs=("rendered", "nodes", "pods"), severity="B", decides=False)
def named_nodes(facts: Facts) -> Outcome:
    """A node that a pod names is there, and so is its scheduler, as far as other pods show it."""
    nodes = {str(one["metadata"].get("name")) for one in facts["nodes"]}
    lines, doubts = [], []
    for template in manifests.templates(facts["rendered"].objects):
        if (node := text_of(template.spec, "nodeName")) and node not in nodes:
            lines.append(f"{template.owner}: there is no node {node}, which its pods name")
        scheduler = text_of(template.spec, "schedulerName")
        if scheduler and scheduler != _DEFAULT_SCHEDULER and not _schedules(scheduler, facts["pods"]):
            doubts.append(
                f"{template.owner}: no pod here shows that scheduler {scheduler} runs: its pods might wait for ever"
            )
    if lines:
        return Outcome("fail", capped([*lines, *doubts]), "Name a node that is there, or leave nodeName away.")
    if doubts:
        return Outcome("warn", capped(doubts), "Have that scheduler installed, or leave schedulerName away.")
    return Outcome("pass", ("every node and scheduler that is named is there",))


def _schedules(name: str, pods: Sequence[Object]) -> bool:
    """Whether a running pod was placed by a scheduler, or has its name."""
    return any(
        map_of(pod, "spec").get("schedulerName") == name or name in str(pod["metadata"].get("name")) for pod in pods
    )


@check("W22", "Services and the pods behind them", needs=("rendered", "services", "own_pods"), decides=False)
def doors(facts: Facts) -> Outcome:
    """Ingresses lead to Services, Services to pods and to ports that these have, autoscalers to workloads, probes to ports."""
    rendered: Rendered = facts["rendered"]
    templates = list(manifests.templates(rendered.objects))
    lines = [
        *_ingresses(rendered, facts["services"]),
        *_services(rendered, templates, facts["own_pods"]),
        *_probes(templates),
        *_autoscalers(rendered),
    ]
    if lines:
        return Outcome("warn", capped(dict.fromkeys(lines)), "Correct the name, the label or the port that is named.")
    return Outcome("pass", ("every Ingress, Service, probe and autoscaler leads to what is there",))


def _ingresses(rendered: Rendered, there: Mapping[str, frozenset[int]]) -> Iterator[str]:
    rendered_ones = {str(one["metadata"].get("name")): one for one in rendered.of("Service")}
    for ingress in rendered.of("Ingress"):
        for route in routes(ingress):
            if not route.service:
                continue
            if route.service not in rendered_ones:
                if route.service not in there:
                    yield f"{manifests.label(ingress)} leads to Service {route.service}, which is not there"
                continue
            spec = map_of(rendered_ones[route.service], "spec")
            ports = maps_of(spec, "ports")
            wanted = route.port.get("number") or route.port.get("name")
            has = [one.get("port") for one in ports] + [one["name"] for one in ports if one.get("name")]
            if spec.get("type") != "ExternalName" and wanted and wanted not in has:
                shown = ", ".join(str(one.get("port")) for one in ports)
                yield f"{manifests.label(ingress)} leads to port {wanted} of Service {route.service}, which has {shown or 'none'}"


_FOREIGN: Final = (".k8s.io", "monitoring.coreos.com", "cert-manager.io", "external-secrets.io", "keda.sh")
"""Ends of groups whose objects are made into no pods that a Service of the chart might select."""


def _services(rendered: Rendered, templates: Sequence[Template], own_pods: Sequence[Object]) -> Iterator[str]:
    if any(_makes_pods(one) for one in rendered.objects):
        return
    for service in rendered.of("Service"):
        spec = map_of(service, "spec")
        selector = map_of(spec, "selector")
        if not selector or spec.get("type") == "ExternalName":
            continue
        behind = [one for one in templates if labels_match({"matchLabels": selector}, one.labels)]
        if not behind:
            if not any(labels_match({"matchLabels": selector}, labels_of(pod)) for pod in own_pods):
                shown = ", ".join(f"{key}={value}" for key, value in list(selector.items())[:3])
                yield f"{manifests.label(service)} selects no pod of the release ({shown})"
            continue
        named = {str(port["name"]) for one in behind for port in _ports(one.spec) if port.get("name")}
        for port in maps_of(spec, "ports"):
            target = port.get("targetPort")
            if isinstance(target, str) and target and not target.isdigit() and target not in named:
                yield f"{manifests.label(service)} leads to port {target}, and no container of {behind[0].owner} has a port of that name"


def _makes_pods(obj: Object) -> bool:
    """Whether it is of a kind of which an operator may make pods."""
    group = str(obj.get("apiVersion") or "").rpartition("/")[0]
    return "." in group and not group.endswith(_FOREIGN)


def _ports(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for container in containers(spec):
        yield from maps_of(container, "ports")


_PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")


def _probes(templates: Iterable[Template]) -> Iterator[str]:
    for template in templates:
        for container in containers(template.spec):
            named = {str(one["name"]) for one in maps_of(container, "ports") if one.get("name")}
            for kind in _PROBES:
                probe = map_of(container, kind)
                for way in ("httpGet", "tcpSocket"):
                    port = map_of(probe, way).get("port")
                    if isinstance(port, str) and port and not port.isdigit() and port not in named:
                        yield f"{template.owner} {container.get('name')}: its {kind} asks port {port}, and it has no port of that name"


_SCALED: Final = ("Deployment", "StatefulSet", "ReplicaSet")


def _autoscalers(rendered: Rendered) -> Iterator[str]:
    labels = {manifests.label(one) for one in rendered.objects}
    for scaler in rendered.of("HorizontalPodAutoscaler"):
        target = map_of(map_of(scaler, "spec"), "scaleTargetRef")
        wanted = f"{target.get('kind')}/{target.get('name')}"
        if target.get("kind") in _SCALED and wanted not in labels:
            yield f"{manifests.label(scaler)} scales {wanted}, which the release has not"
