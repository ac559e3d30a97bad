"""CO16: containers that somebody else puts into the pods of a release, and that hold them up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, containers, name_of
from wizard.core.limits import map_of, maps_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings import logs
from wizard.core.rules.findings.pods import in_field, log_command
from wizard.core.rules.snapshot import Snapshot

_PATIENCE: Final = 90
"""Seconds that a sidecar may take to start, and to end after the last container of a Job."""
_INJECTORS: Final = (
    # start of the container's name, who injects it, what keeps it out of a pod, what ends it from outside
    ("istio-", "Istio", 'label sidecar.istio.io/inject: "false"', ("pilot-agent", "request", "POST", "quitquitquit")),
    ("linkerd-", "Linkerd", "annotation linkerd.io/inject: disabled", ()),
    ("vault-agent", "the Vault Agent injector", 'annotation vault.hashicorp.com/agent-inject: "false"', ()),
    ("daprd", "Dapr", 'annotation dapr.io/enabled: "false"', ()),
    ("consul-dataplane", "Consul", 'annotation consul.hashicorp.com/connect-inject: "false"', ()),
    ("kuma-", "Kuma", "label kuma.io/sidecar-injection: disabled", ()),
)
_ANYBODY: Final = ("", "a mutating webhook of the cluster", "the label or annotation that its injector documents", ())


@finding("CO16")
def sidecar_holds_up(snapshot: Snapshot) -> Iterator[Finding]:
    """A container that the manifest does not have is not ready, or keeps a Job from ending whose own work is done."""
    for pod in snapshot.starting_pods():
        names = _injected(pod, snapshot)
        states = status.container_statuses(pod) if names else ()
        foreign = [one for one in states if one.get("name") in names]
        if snapshot.root(pod).get("kind") == "Job":
            own = [one for one in map_of(pod, "status").get("containerStatuses") or () if one.get("name") not in names]
            yield from _keeps_running(pod, own, foreign, snapshot)
        for one in foreign:
            since = status.unready_since(pod, one)
            held = "running" in (one.get("state") or {}) and not one.get("ready") and not _ends(pod, one)
            if held and snapshot.older(since, _PATIENCE):
                yield _not_ready(pod, one, since, snapshot)


def _injected(pod: Object, snapshot: Snapshot) -> frozenset[str]:
    """The names of the containers that the template of the pod's owner does not have; none when it is not seen."""
    owner = snapshot.objects.get(str(status.controller(pod).get("uid", "")))
    template = map_of(map_of(map_of(owner or {}, "spec"), "template"), "spec")
    if not maps_of(template, "containers"):
        return frozenset()
    return frozenset(_names(map_of(pod, "spec")) - _names(template))


def _names(spec: Mapping[str, Any]) -> set[str]:
    return {str(one.get("name")) for one in containers(spec)}


def _ends(pod: Object, container: Mapping[str, Any]) -> bool:
    """Whether it is an init container that is to end: CO13 is about those."""
    specs = maps_of(map_of(pod, "spec"), "initContainers")
    return any(one.get("name") == container.get("name") and one.get("restartPolicy") != "Always" for one in specs)


def _keeps_running(
    pod: Object, own: Sequence[Mapping[str, Any]], foreign: Sequence[Mapping[str, Any]], snapshot: Snapshot
) -> Iterator[Finding]:
    """Of a Job whose own containers ended well: the first sidecar that goes on; one of the init containers ends by itself."""
    ends = [map_of(map_of(one, "state"), "terminated") for one in own]
    done = max((str(end.get("finishedAt") or "") for end in ends), default="")
    if not all(end.get("exitCode") == 0 for end in ends) or not snapshot.older(done, _PATIENCE):
        return
    specs = {str(one.get("name")) for one in maps_of(map_of(pod, "spec"), "containers")}
    left = [one for one in foreign if "running" in (one.get("state") or {}) and str(one.get("name")) in specs]
    for one in left[:1]:
        name, (_, who, apart, stop) = str(one.get("name")), _injector(one)
        root = snapshot.root_name(pod)
        yield Finding(
            "CO16", f"its work is done, and the sidecar {name} keeps it from ending", root,
            (
                Evidence(f"ended with 0 at {done}", name_of(pod), in_field(own[0]), done),
                Evidence("runs, and is not in the manifest", name_of(pod), in_field(one)),
            ),
            (
                f"Keep {who} out of this Job: {apart} on its pods, in the values. Or let it inject native sidecars, which end with the Job.",
                "What waits for this Job, such as helm for a hook, goes on when the sidecar ends.",
            ),
            heals="no", since=done,
            commands=(
                *((f"{snapshot.command('kubectl', 'exec', str(pod['metadata']['name']), '-c', name)} -- {' '.join(stop)}",) if stop else ()),
                log_command(pod, one, snapshot),
            ),
            avoid=("Don't delete the pod: the Job would do its work again.",),
        )  # fmt: skip


def _not_ready(pod: Object, container: Mapping[str, Any], since: str, snapshot: Snapshot) -> Finding:
    name, (_, who, apart, _) = str(container.get("name")), _injector(container)
    said = logs.telling(pod, container, snapshot, 2)
    return Finding(
        "CO16", f"the sidecar {name}, which the manifest does not have, is not ready", snapshot.root_name(pod),
        (
            Evidence(f"false, running since {since}", name_of(pod), f"{in_field(container)}.ready", since),
            *(Evidence(line, name_of(pod), f"{in_field(container)} log") for line in said),
        ),
        (
            f"Read its log, and see whether its control plane runs: {who} put it there. All traffic of the pod may go through it.",
            f"If the release is not to have it: {apart} on its pods.",
        ),
        since=since, commands=(log_command(pod, container, snapshot),),
    )  # fmt: skip


def _injector(container: Mapping[str, Any]) -> tuple[str, str, str, tuple[str, ...]]:
    name = str(container.get("name"))
    return next((one for one in _INJECTORS if name.startswith(one[0])), _ANYBODY)
