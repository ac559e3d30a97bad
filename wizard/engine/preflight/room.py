"""Collectors of what decides whether pods are admitted and placed: bare pods in a dry run, nodes, the pods on them, quotas."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final

from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.core.rules import manifests, workloads
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import Probe, Rendered
from wizard.core.rules.manifests import Template
from wizard.core.rules.workloads import Placement
from wizard.engine.preflight.world import NOT_THERE, World, judged

_NAME: Final = "llm-cost-ops-wizard-probe"
_POD: Final = (
    "nodeName",
    "schedulerName",
    "containers",
    "initContainers",
    "resources",
    "overhead",
    "hostNetwork",
    "affinity",
    "priorityClassName",
)
_CONTAINER: Final = ("name", "resources", "ports", "restartPolicy")
_OF_PROBE: Final = re.compile(rf'^[Pp]ods? "{_NAME}" is (?:forbidden|invalid): ')


async def probe(world: World, inputs: Mapping[str, Any]) -> Probe | Absent:
    """Each pod template as a Pod of its own, in a dry run: all that judges a pod when it is made judges it now."""
    if inputs["namespace"].state != "active":
        return Absent(NOT_THERE)
    rendered: Rendered = inputs["rendered"]
    accounts = {obj["metadata"]["name"] for obj in rendered.of("ServiceAccount")}
    templates = list(manifests.templates(rendered.objects))
    answers = await asyncio.gather(*(_try(world, template, accounts) for template in templates))
    admitted: dict[str, Mapping[str, Any]] = {}
    refused: dict[str, str] = {}
    unknown: dict[str, None] = {}
    for template, answer in zip(templates, answers, strict=True):
        if not isinstance(answer, ClusterError):
            spec = answer.get("spec")
            if isinstance(spec, Mapping):
                admitted[template.owner] = spec
            else:
                unknown["the API server answered with something that is no pod"] = None
        elif not judged(answer):
            unknown[answer.message.rstrip(".")] = None
        else:
            refused[template.owner] = _OF_PROBE.sub("", answer.message).rstrip(".")
    return Probe(admitted, refused, tuple(unknown))


async def _try(world: World, template: Template, accounts: set[str]) -> Object | ClusterError:
    spec = dict(template.spec)
    # An account of the release is not there before it; what decides about a pod by its account cannot be asked yet.
    if (spec.get("serviceAccountName") or spec.get("serviceAccount")) in accounts:
        spec = {key: value for key, value in spec.items() if key not in ("serviceAccountName", "serviceAccount")}
    claims = [one["metadata"]["name"] for one in (template.of.get("spec") or {}).get("volumeClaimTemplates") or ()]
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
    spec["volumes"] = [*(one for one in spec.get("volumes") or () if one.get("name") not in claims), *volumes]
    meta = {"name": _NAME, "labels": template.labels, "annotations": template.annotations}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
    try:
        return await world.cluster.create(pod, world.target.namespace, dry_run=True)
    except ClusterError as error:
        return error


async def admitted(_: World, inputs: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """By workload, its pod's spec as admission makes it; nothing where that is not known."""
    result = inputs["probe"]
    return result.admitted if isinstance(result, Probe) else {}


async def tried(_: World, inputs: Mapping[str, Any]) -> bool:
    """Whether admission has judged a pod of every workload."""
    result = inputs["probe"]
    return isinstance(result, Probe) and not result.unknown


async def placed(world: World, inputs: Mapping[str, Any]) -> Placement:
    """Where the pods of the release go; in a thread, since a large cluster takes a second."""
    rendered: Rendered = inputs["rendered"]
    return await asyncio.to_thread(
        workloads.place, rendered.objects, inputs["admitted"], inputs["nodes"], inputs["pods"], world.target
    )


async def nodes(world: World, _: Mapping[str, Any]) -> tuple[Object, ...]:
    """The nodes of the cluster."""
    return await world.cluster.list("Node")


async def pods(world: World, _: Mapping[str, Any]) -> tuple[Object, ...]:
    """The pods of all namespaces that hold something of a node, with what counts for placement alone."""
    running = "status.phase!=Succeeded,status.phase!=Failed"
    return await world.cluster.list("Pod", fields=running, kept=_short)


def _short(pod: Object) -> Object:
    spec = pod.get("spec") or {}
    kept = {key: spec[key] for key in _POD if key in spec}
    for name in ("containers", "initContainers"):
        if name in kept:
            kept[name] = [{key: one[key] for key in _CONTAINER if key in one} for one in kept[name]]
    meta = pod["metadata"]
    known = {key: meta[key] for key in ("name", "namespace", "labels", "deletionTimestamp") if key in meta}
    state = pod.get("status") or {}
    ready = [one for one in state.get("conditions") or () if one.get("type") == "Ready"]
    return {
        "kind": "Pod",
        "metadata": known,
        "spec": kept,
        "status": {"phase": state.get("phase"), "conditions": ready},
    }


async def own_pods(world: World, inputs: Mapping[str, Any]) -> tuple[Object, ...]:
    """The pods of the namespace."""
    if inputs["namespace"].state == "missing":
        return ()
    return await world.cluster.list("Pod", world.target.namespace, kept=_short)


async def services(world: World, inputs: Mapping[str, Any]) -> Mapping[str, frozenset[int]]:
    """The Services of the namespace with their ports."""
    if inputs["namespace"].state == "missing":
        return {}
    found = await world.cluster.list("Service", world.target.namespace)
    return {str(one["metadata"]["name"]): manifests.service_ports(one) for one in found}


async def quotas(world: World, inputs: Mapping[str, Any]) -> tuple[Object, ...]:
    """The quotas of the namespace."""
    if inputs["namespace"].state == "missing":
        return ()
    return await world.cluster.list("ResourceQuota", world.target.namespace)
