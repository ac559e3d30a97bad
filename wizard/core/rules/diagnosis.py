"""A diagnosis: the impact on users, the ranked causes, the traffic path, and what is hidden. Pure and frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from wizard.core.errors import Exit
from wizard.core.helm import upgrade_values
from wizard.core.kube import patience, status
from wizard.core.kube.ingress import backends, routes
from wizard.core.kube.objects import KINDS, Object, labels_of, name_of
from wizard.core.kube.status import Verdict
from wizard.core.reach.result import Reach
from wizard.core.rules.finding import Finding
from wizard.core.rules.findings import routing
from wizard.core.rules.findings.admission import MAKERS, lacking
from wizard.core.rules.ranking import diagnose
from wizard.core.rules.snapshot import Snapshot
from wizard.core.rules.timeline import Moment, changes_before, first_failure, timeline
from wizard.core.rules.verdict import exit_code, release_verdict
from wizard.core.run import waiting
from wizard.core.run.events import Event
from wizard.core.run.rows import object_rows, waiting_data
from wizard.core.target import Target
from wizard.core.text.time import parse_time, rfc3339, seconds_since, span

Users = Literal["fine", "part", "outside", "down", "unknown"]
"""fine: requests are answered; part: some pods answer; outside: answered inside the cluster only; down: no answer."""
USERS_STATES: Final[Mapping[Users, str]] = {
    "fine": "pass", "part": "warn", "outside": "fail", "down": "fail", "unknown": "unknown",
}  # fmt: skip
"""The state that each is shown as."""
_YOUNG: Final = 60
"""Seconds after a change within which some rules still wait: a cluster needs a while to do what it was told."""


@dataclass(frozen=True)
class UserImpact:
    """The impact on users, in one word and one sentence; `since` is RFC 3339 or ""."""

    users: Users
    text: str
    since: str = ""


@dataclass(frozen=True)
class Step:
    """One step of the way in, its state, and what was observed; waiting: for an address, or for a DNS record."""

    name: str
    state: Literal["pass", "waiting", "fail", "unknown"]
    text: str


@dataclass(frozen=True)
class Hidden:
    """Something that could not be read, why, and the permission that would allow it."""

    what: str
    reason: str
    permission: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """Everything that a front end shows of one diagnosis. `complete` is False while logs are still being read."""

    target: Target
    at: str
    impact: UserImpact
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    way_in: tuple[Step, ...] = ()
    before: tuple[Moment, ...] = ()
    """What was changed shortly before the first failure."""
    timeline: tuple[Moment, ...] = ()
    ruled_out: tuple[str, ...] = ()
    unseen: tuple[Hidden, ...] = ()
    revision: int = 0
    helm_status: str = ""
    chart: str = ""
    owner: str = ""
    """The GitOps controller that manages it, and where that was seen; "" when there is none."""
    complete: bool = True

    @property
    def urgent(self) -> tuple[Finding, ...]:
        """The findings that keep the release from working or moving on."""
        return tuple(finding for finding in self.findings if finding.urgent)

    @property
    def later(self) -> tuple[Finding, ...]:
        """The findings that are not urgent."""
        return tuple(finding for finding in self.findings if not finding.urgent)

    @property
    def nothing_found(self) -> str:
        """The sentence in place of findings: that nothing is wrong is not claimed right after a change."""
        if self.verdict.state in ("stuck", "failed"):
            return "no cause was found among what could be seen"
        changed = next((moment.time for moment in reversed(self.timeline) if moment.kind == "change"), "")
        now = parse_time(self.at)
        seconds = seconds_since(changed, now) if now else None
        if seconds is not None and seconds < _YOUNG:
            return f"nothing is wrong yet: changed {span(seconds)} ago, some causes show after a minute"
        return "nothing is wrong that can be seen"

    @property
    def code(self) -> Exit:
        """0 healthy or on its way, 1 a problem was found, 3 it cannot be known (design: contracts, exit codes)."""
        return exit_code(self.verdict.state, self.findings)

    def to_data(self) -> dict[str, Any]:
        """The public shape of `--output json`."""
        return {
            "release": self.target.release,
            "namespace": self.target.namespace,
            "context": self.target.context,
            "at": self.at,
            "revision": self.revision,
            "helm_status": self.helm_status,
            "chart": self.chart,
            "owner": self.owner,
            "users": asdict(self.impact),
            "verdict": self.verdict.state,
            "reason": self.verdict.reason,
            "findings": [_finding_data(finding) for finding in self.findings],
            "way_in": [asdict(step) for step in self.way_in],
            "before": [{"time": change.time, "text": change.text} for change in self.before],
            "timeline": [asdict(moment) for moment in self.timeline],
            "ruled_out": list(self.ruled_out),
            "unseen": [asdict(hidden) for hidden in self.unseen],
        }


def _finding_data(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id, "title": finding.title, "object": finding.object, "urgent": finding.urgent,
        "terminal": finding.terminal, "heals": finding.heals, "since": finding.since,
        "evidence": [asdict(part) for part in finding.evidence],
        "explains": list(finding.explains), "remedy": list(finding.remedy), "commands": list(finding.commands),
        "avoid": list(finding.avoid), "unseen": list(finding.unseen), "question": finding.question,
    }  # fmt: skip


@dataclass(frozen=True)
class Observation:
    """The result of one observation: the snapshot, and what stayed hidden (by kind)."""

    snapshot: Snapshot
    unseen: tuple[Hidden, ...] = ()
    blind: frozenset[str] = frozenset()
    """Kinds of the release that could not be listed."""
    complete: bool = True


def of(seen: Observation, target: Target) -> Diagnosis:
    """The diagnosis of an observation."""
    snapshot = seen.snapshot
    findings = diagnose(snapshot)
    moments = timeline(snapshot, findings)
    newest = snapshot.revisions[-1] if snapshot.revisions else None
    return Diagnosis(
        target=target,
        at=rfc3339(snapshot.now, "seconds"),
        impact=impact(snapshot, findings, seen.blind),
        verdict=release_verdict(patience.judge(snapshot.objects, snapshot.now).values(), findings, seen.blind),
        findings=findings,
        way_in=tuple(way_in(snapshot, findings, seen.blind)),
        before=changes_before(moments, first_failure(findings)),
        timeline=moments,
        ruled_out=ruled_out(snapshot, findings) if findings else (),
        unseen=seen.unseen,
        revision=newest.number if newest else 0,
        helm_status=newest.status if newest else "",
        chart=_chart(snapshot),
        owner=str(upgrade_values.owner(snapshot.objects.values()) or ""),
        complete=seen.complete,
    )


def events(seen: Observation, diagnosis: Diagnosis) -> Iterator[Event]:
    """The observed objects, then the results of their diagnosis, as events of a run."""
    snapshot = seen.snapshot
    judged = patience.judge(snapshot.objects, snapshot.now)
    yield from (Event("object.state", row) for row in object_rows(snapshot.objects, judged).values())
    yield from (
        Event("watch.blind", {"what": hidden.what, "reason": hidden.reason, "permission": hidden.permission})
        for hidden in seen.unseen
        if hidden.what in (*KINDS, "Event")
    )
    yield from (Event("finding", finding.to_data()) for finding in diagnosis.findings)
    yield Event("waiting", waiting_data(waiting.line(list(judged.values()), diagnosis.urgent)))
    yield Event("verdict", {"state": diagnosis.verdict.state, "reason": diagnosis.verdict.reason})


def _chart(snapshot: Snapshot) -> str:
    named = (
        labels_of(workload).get("helm.sh/chart")
        for workload in snapshot.of_kind("Deployment", "StatefulSet", "DaemonSet")
    )
    return str(next(filter(None, named), ""))


# Impact on users


def impact(snapshot: Snapshot, findings: Sequence[Finding], hidden: frozenset[str]) -> UserImpact:
    """What users of the application experience now; `hidden` are kinds that could not be listed."""
    fronts = front_workloads(snapshot)
    if not fronts:
        return UserImpact(
            "unknown", f"cannot see {', '.join(sorted(hidden))}" if hidden else "no workload is there to answer"
        )
    ready, wanted = _counts(fronts)
    names = ", ".join(name_of(front) for front in fronts)
    since = min((status.of(front, snapshot.now).since for front in fronts), default="")
    if wanted == 0:
        return UserImpact("down", f"nobody gets an answer: {names} is scaled to 0", since)
    called = _front_services(snapshot, fronts)
    cut = next((finding for finding in findings if finding.object in called and _cuts_off(finding, snapshot)), None)
    if cut:
        return UserImpact("down", f"nobody gets an answer: {cut.object}: {cut.title}", cut.since)
    if ready == 0:
        return UserImpact("down", f"nobody gets an answer: no pod of {names} is ready (0 of {wanted})", since)
    old = sum(_old_ready(front, snapshot) for front in fronts)
    closed = [finding for finding in findings if _closes(finding, called, snapshot)]
    if closed:
        return UserImpact(
            "outside", f"answered inside the cluster only: {closed[0].object}: {closed[0].title}", closed[0].since
        )
    lost = next((finding for finding in findings if finding.id == "TR05" and finding.urgent), None)
    if lost:
        return UserImpact("part", f"some addresses are not answered: {lost.object}: {lost.title}", lost.since)
    if old and _moving(fronts):
        return UserImpact("fine", f"{old} old {'pods' if old > 1 else 'pod'} still answer{'' if old > 1 else 's'}; "
                    "the new version does not come up", since)  # fmt: skip
    if ready < wanted:
        return UserImpact("part", f"{ready} of {wanted} pods answer", since)
    return UserImpact("fine", f"{ready} of {wanted} pods answer", since)


def front_workloads(snapshot: Snapshot) -> list[Object]:
    """The workloads that users call: those behind an Ingress, else our application, else the Deployments, else all."""
    every = [root for root in snapshot.of_kind("Deployment", "StatefulSet", "DaemonSet") if not status.controller(root)]
    behind = _backends(snapshot)
    services = [service for service in snapshot.of_kind("Service") if service["metadata"]["name"] in behind]
    deployments = [workload for workload in every if workload["kind"] == "Deployment"]
    for chosen in (
        [workload for workload in every if any(_selects(service, workload) for service in services)],
        [deployment for deployment in deployments if labels_of(deployment).get("app.kubernetes.io/name") == "llm-cost-ops"],
        deployments,
    ):  # fmt: skip
        if chosen:
            return chosen
    return every


def _backends(snapshot: Snapshot) -> set[str]:
    return {service for way in snapshot.of_kind("Ingress", "HTTPRoute") for service in backends(way)}


def _cuts_off(finding: Finding, snapshot: Snapshot) -> bool:
    """Whether a finding about a Service means that no request to it is answered: no pods, or not at the ports in use."""
    fields = {proof.field for proof in finding.evidence}
    if finding.id != "TR03" or "spec.internalTrafficPolicy" in fields:
        return False
    kind, _, name = finding.object.partition("/")
    ports = ((snapshot.named(kind, name) or {}).get("spec") or {}).get("ports") or ()
    dead = [port for port in ports if routing.port_field(port) in fields]
    asked = [
        route.port.get("name") or route.port.get("number")
        for ingress in snapshot.of_kind("Ingress")
        for route in routes(ingress)
        if route.service == name
    ]
    used = [port for port in ports if not asked or port.get("name") in asked or port.get("port") in asked]
    return not dead or all(port in dead for port in used)


def _closes(finding: Finding, called: set[str], snapshot: Snapshot) -> bool:
    """Whether a finding means that no request comes in from outside of the cluster."""
    ingresses = snapshot.of_kind("Ingress")
    if finding.id == "TR10":
        return not ingresses and finding.object in called
    if finding.id == "TR05":
        ways = [route for ingress in ingresses for route in routes(ingress)]
        return finding.urgent and all(routing.is_lost(route, snapshot) for route in ways)
    if finding.id in ("TR08", "TR09", "TR16"):
        met = snapshot.reach.ways if snapshot.reach else ()
        return finding.urgent and bool(met) and all(way.state == "fail" for way in met)
    return finding.id in ("TR04", "TR06") and finding.urgent


def _selects(service: Object, workload: Object) -> bool:
    selector = service.get("spec", {}).get("selector") or {}
    template = workload.get("spec", {}).get("template") or {}
    return bool(selector) and bool(selector.items() <= ((template.get("metadata") or {}).get("labels") or {}).items())


def _front_services(snapshot: Snapshot, fronts: Sequence[Object]) -> set[str]:
    """The Services that users call: those of an Ingress, else those that select a front workload or have its name.

    The name counts because a Service with a wrong selector selects no pods.
    """
    every, behind = snapshot.of_kind("Service"), _backends(snapshot)
    if direct := {name_of(service) for service in every if service["metadata"]["name"] in behind}:
        return direct
    same = {str(front["metadata"]["name"]) for front in fronts}
    names = {
        name_of(service)
        for service in every
        if service["metadata"]["name"] in same or any(_selects(service, front) for front in fronts)
    }
    return names or {name_of(service) for service in every}


def _counts(workloads: Sequence[Object]) -> tuple[int, int]:
    ready = wanted = 0
    for workload in workloads:
        state = workload.get("status", {})
        if workload["kind"] == "DaemonSet":
            ready += int(state.get("numberReady") or 0)
            wanted += int(state.get("desiredNumberScheduled") or 0)
        else:
            ready += int(state.get("readyReplicas") or 0)
            wanted += int(workload.get("spec", {}).get("replicas", 1))
    return ready, wanted


def _old_ready(workload: Object, snapshot: Snapshot) -> int:
    """Ready pods of earlier versions of a Deployment."""
    if workload["kind"] != "Deployment":
        return 0
    uid = workload["metadata"].get("uid")
    sets = [
        replica_set
        for replica_set in snapshot.of_kind("ReplicaSet")
        if status.controller(replica_set).get("uid") == uid
    ]
    newest = max(sets, key=status.rollout, default=None)
    return sum(
        int(replica_set.get("status", {}).get("readyReplicas") or 0)
        for replica_set in sets
        if replica_set is not newest
    )


def _moving(workloads: Sequence[Object]) -> bool:
    """Whether the new version of a Deployment is not ready yet."""
    return any(
        int(workload.get("status", {}).get("unavailableReplicas") or 0)
        or int(workload.get("status", {}).get("updatedReplicas") or 0)
        < int(workload.get("spec", {}).get("replicas", 1))
        for workload in workloads
    )


# The traffic path

_ON_THE_WAY: Final = ("TR03", "TR04", "TR05", "TR06", "TR10")
"""Findings that break a step of the traffic path."""


_RUNGS: Final = (("dns", "DNS"), ("tcp", "connection"), ("tls", "certificate"), ("http", "HTTP"))


def way_in(snapshot: Snapshot, findings: Sequence[Finding], hidden: frozenset[str]) -> Iterator[Step]:
    """The way of a request, rung by rung: name, connection, certificate, Ingress, Service with its endpoints, answer.

    Ingress and Services are as the API shows them (`hidden` are kinds that were not listed), the others as a request from
    this machine met them, of the first way in that does not answer.
    """
    met = list(_met(snapshot.reach))
    yield from (step for step in met if step.name != "HTTP")
    yield from _inside(snapshot, findings, hidden)
    yield from (step for step in met if step.name == "HTTP")


def _met(reach: Reach | None) -> Iterator[Step]:
    ways = reach.ways if reach else ()
    way = next((way for way in ways if way.state != "pass"), ways[0] if ways else None)
    if way is None:
        return
    for rung, name in _RUNGS:
        text, broken = getattr(way, rung), way.broken == rung
        if text:
            yield Step(
                name, way.state if broken else "pass", f"{text}. {way.next_step}".strip(". ") if broken else text
            )


def _inside(snapshot: Snapshot, findings: Sequence[Finding], hidden: frozenset[str]) -> Iterator[Step]:
    broken = {finding.object: finding for finding in findings if finding.id in _ON_THE_WAY and finding.urgent}
    for ingress in snapshot.of_kind("Ingress"):
        state = status.of(ingress, snapshot.now)
        has_address = state.state == "ready"
        bad = name_of(ingress) in broken
        reason = broken[name_of(ingress)].title if bad and has_address else state.reason
        yield Step(name_of(ingress), "fail" if bad else "pass" if has_address else "unknown", reason)
    fronts = front_workloads(snapshot)
    for service in snapshot.of_kind("Service"):
        if name_of(service) not in _front_services(snapshot, fronts):
            continue
        if "Pod" in hidden:
            yield Step(name_of(service), "unknown", "its pods cannot be seen")
            continue
        pods = snapshot.selected(service.get("spec", {}).get("selector") or {})
        ready = sum(status.is_ready(pod) for pod in pods)
        if ready and (cause := broken.get(name_of(service))):
            yield Step(name_of(service), "fail", cause.title)
        else:
            yield Step(name_of(service), "pass" if ready else "fail", f"endpoints {ready} of {len(pods)}")


# Earlier changes, and causes that are ruled out


def ruled_out(snapshot: Snapshot, findings: Sequence[Finding]) -> tuple[str, ...]:
    """Causes that were looked at and are contradicted, each with the fact that contradicts it; none without pods."""
    pods = snapshot.starting_pods()
    if not pods or snapshot.hidden & {"Pod"}:
        return ()
    named = {finding.id for finding in findings}
    facts = ((what, fact(snapshot, pods)) for what, ids, fact in _RULED_OUT if not named & set(ids))
    return tuple(f"{what} ({fact})" for what, fact in facts if fact)


def _started(_: Snapshot, pods: Sequence[Object]) -> str:
    containers = [container for pod in pods for container in status.container_statuses(pod)]
    return "every container was started" if containers and all(c.get("containerID") for c in containers) else ""


def _not_killed_for_memory(_: Snapshot, pods: Sequence[Object]) -> str:
    ends = [
        end
        for pod in pods
        for container in status.container_statuses(pod)
        if not container.get("ready") and (end := status.last_end(container))
    ]
    killed = [end for end in ends if end.get("reason") == "OOMKilled" or end.get("exitCode") == _KILLED]
    return f"the last end was {ends[0].get('reason', 'Error')} {ends[0].get('exitCode')}" if ends and not killed else ""


_KILLED: Final = 137
"""128 and SIGKILL: the kernel does not always say that it was for memory."""


def _quota_free(snapshot: Snapshot, _: Sequence[Object]) -> str:
    if "ResourceQuota" in snapshot.seen and not snapshot.beside("ResourceQuota"):
        return "the namespace has none"
    makers = [maker for maker in snapshot.of_kind(*MAKERS) if str(maker["metadata"].get("uid")) not in snapshot.left]
    made = makers and not snapshot.hidden.intersection(MAKERS) and all(lacking(one, snapshot) <= 0 for one in makers)
    return "every pod that is wanted was made" if made else ""


def _all_scheduled(_: Snapshot, pods: Sequence[Object]) -> str:
    return "every pod has a node" if all((pod.get("spec") or {}).get("nodeName") for pod in pods) else ""


def _claims_bound(snapshot: Snapshot, _: Sequence[Object]) -> str:
    claims = snapshot.of_kind("PersistentVolumeClaim")
    bound = "PersistentVolumeClaim" not in snapshot.hidden and all(
        claim.get("status", {}).get("phase") == "Bound" for claim in claims
    )
    return f"{len(claims)} of {len(claims)} claims are bound" if claims and bound else ""


def _nodes_well(snapshot: Snapshot, pods: Sequence[Object]) -> str:
    names = {(pod.get("spec") or {}).get("nodeName") for pod in pods} - {None}
    nodes = [node for node in snapshot.beside("Node") if node["metadata"]["name"] in names]
    ready = sum(status.is_ready(node) for node in nodes)
    return f"{ready} of {ready} are ready" if "Node" in snapshot.seen and ready and ready == len(names) else ""


_RULED_OUT: Final[tuple[tuple[str, tuple[str, ...], Callable[[Snapshot, Sequence[Object]], str]], ...]] = (
    # cause, the findings that would report it, the fact that contradicts it ("": it was not seen)
    ("image", ("CO01", "CO02", "CO03", "CO04", "CO05", "LG20"), _started),
    ("start command", ("CO08", "CO12", "LG20"), _started),
    ("Secrets and keys", ("CO06", "LG01", "LG09"), _started),
    ("memory", ("CO09", "CO10"), _not_killed_for_memory),
    ("quota", ("SC01", "X09"), _quota_free),
    ("room on the nodes", ("SC02", "SC03", "SC04", "SC05", "SC06", "SC07", "SC09"), _all_scheduled),
    ("volumes", ("VO01", "VO03", "VO04", "VO05", "VO06", "VO07", "VO09", "VO10", "LG14", "LG17"), _claims_bound),
    ("nodes", ("CL01",), _nodes_well),
)
