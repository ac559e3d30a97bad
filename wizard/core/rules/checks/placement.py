"""R08, Q02, C: whether pods are admitted, within the quota, and find a node."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from wizard.core.kube import quantity
from wizard.core.kube.objects import Object, labels_of
from wizard.core.limits import map_of, maps_of
from wizard.core.rules import manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import Probe, Rendered
from wizard.core.rules.manifests import Template
from wizard.core.rules.workloads import Placement, replaced
from wizard.core.scheduling import requests
from wizard.core.scheduling.placement import Placed
from wizard.core.scheduling.selectors import labels_match
from wizard.core.target import Target

_GROWS: Final = ("karpenter.sh/nodepool", "cluster-autoscaler.kubernetes.io/enabled")
"""Labels of nodes that an autoscaler makes when pods have no place."""


@check("R08", "pods as admission sees them", needs=("probe",), severity="B")
def probe(facts: Facts) -> Outcome:
    """Pod security, quotas, limits, priorities and webhooks accept a pod of every workload."""
    result: Probe = facts["probe"]
    if result.refused:
        words = Counter(result.refused.values())
        lines = [
            f"{', '.join(owner for owner, said in result.refused.items() if said == text)}: {text}" for text in words
        ]
        return Outcome("fail", capped(lines), _admission_step(" ".join(lines)))
    if result.unknown:
        return Outcome(
            "unknown", capped(result.unknown), "To settle it: the right to create pods, for a dry run alone."
        )
    count = len(result.admitted)
    return Outcome("pass", (f"{count} of {count} pod templates accepted as pods",))


def _admission_step(text: str) -> str:
    if "violates PodSecurity" in text:
        return "Use a namespace with a lower Pod Security level, or correct the security context that is named."
    if "exceeded quota" in text or "failed quota" in text:
        return "Ask for a larger quota, or lower CPU and memory, or set what the quota wants to see."
    if "per Container" in text or "per Pod" in text:
        return "Change CPU and memory so that they are within the LimitRange, or ask for another one."
    if "priority class" in text.lower():
        return "Name a PriorityClass that is there, or leave the name away."
    return "Correct what the message names; policies of the cluster are its administrators'."


@check(
    "C01",
    "room on the nodes",
    needs=("nodes", "placed"),
    severity="B",
    decides=False,
    about=("replicas", "cpu", "memory"),
)
def room(facts: Facts) -> Outcome:
    """Every pod that stays finds a node, by the scheduler's rules, beside the pods that are there now."""
    placed: Placement = facts["placed"]
    # A person answers for the workload with most pods; the others have few.
    lines = [_line(one, placed.nodes) for one in sorted(placed.first, key=lambda one: -one.wanted.replicas)]
    short = [result for result in placed.first if not result.fits]
    if not short:
        return Outcome("pass", tuple(lines))
    step = _step(short[0])
    if any(label in labels_of(node) for node in facts["nodes"] for label in _GROWS):
        return Outcome("warn", capped(lines), f"Nodes are added here when pods have no place; where none is: {step}")
    return Outcome("fail", capped(sorted(lines, key=lambda line: " fit on " in line)), step, _question(short[0]))


@check("C04", "room for the autoscaler", needs=("placed",), about=("replicas.max",))
def autoscaler(facts: Facts) -> Outcome:
    """The largest number of pods that an autoscaler may make finds nodes as well."""
    placed: Placement = facts["placed"]
    if not placed.scaled:
        return Outcome("skipped", ("nothing is scaled by load",))
    short = [result for result in placed.scaled if not result.fits]
    if not short:
        return Outcome(
            "pass",
            tuple(
                f"{one.wanted.name}: {one.wanted.replicas} of {one.wanted.replicas} pods fit" for one in placed.scaled
            ),
        )
    lines = tuple(
        f"{one.wanted.name} would stop at {len(one.nodes)} of {one.wanted.replicas} pods: {_reasons(one)}"
        for one in short
    )
    return Outcome("warn", lines, "Add nodes, lower CPU and memory, or lower the largest number.", "replicas.max")


def _line(result: Placed, nodes: int) -> str:
    fit = f"{result.wanted.name}: {len(result.nodes)} of {result.wanted.replicas} pods fit"
    if result.fits:
        places = Counter(result.nodes)
        return f"{fit} on {len(places)} {'node' if len(places) == 1 else 'nodes'}"
    return f"{fit}; no node for the next, of {nodes}: {_reasons(result)}"


def _reasons(result: Placed) -> str:
    return ", ".join(f"{count} {words}" for words, count in result.why_not.items()) or "there is no node"


def _step(result: Placed) -> str:
    words = " ".join(result.why_not)
    if "Insufficient" in words or "Too many pods" in words:
        asked = requests.of_pod(result.wanted.spec)
        amounts = ", ".join(f"{name} {shown(name, asked[name])}" for name in requests.POD_LEVEL if name in asked)
        return f"Lower what a pod asks for ({amounts or 'nothing'}), ask for fewer pods, or have a node added."
    if "untolerated taint" in words:
        return "Add a toleration if these nodes are meant for it, or have a node added that is open to it."
    if "affinity" in words or "spread" in words:
        return "Loosen the rule that is named, or have a node added that it allows."
    return "Have a node added, or uncordoned, that takes these pods."


def _question(result: Placed) -> str:
    if result.wanted.labels.get("app.kubernetes.io/component") != "app":
        return ""
    words = " ".join(result.why_not)
    return "cpu" if "Insufficient cpu" in words else "memory" if "Insufficient memory" in words else ""


def shown(name: str, amount: Fraction) -> str:
    """An amount as Kubernetes writes it."""
    if name in ("memory", "storage", "ephemeral-storage") or name.endswith((".memory", ".storage")):
        for unit, size in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
            if amount >= size:
                return f"{float(amount / size):.4g}{unit}"
        return f"{float(amount):g}"
    if amount.denominator != 1 and name.endswith("cpu"):
        return f"{round(amount * 1000)}m"
    return f"{float(amount):g}"


@check("C05", "disruption budgets", needs=("rendered",))
def budgets(facts: Facts) -> Outcome:
    """A disruption budget lets at least one pod be moved, or no node could be drained."""
    rendered: Rendered = facts["rendered"]
    templates = list(manifests.templates(rendered.objects))
    stuck = []
    for budget in rendered.of("PodDisruptionBudget"):
        spec = budget.get("spec") or {}
        pods = sum(one.replicas for one in templates if one.stays and labels_match(spec.get("selector"), one.labels))
        least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
        stays = _share(least, pods) if least is not None else pods - _share(most, pods) if most is not None else 0
        if pods and stays >= pods:
            stuck.append(
                f"{manifests.label(budget)} wants {stays} of {pods} pods to stay: no node with one of them could be drained"
            )
    if stuck:
        return Outcome("warn", capped(stuck), "Ask for one pod fewer to stay, or for more pods.", "replicas")
    return Outcome("pass", ("every disruption budget lets a pod be moved",))


def _share(value: Any, pods: int) -> int:
    """A number or a percentage of pods, which the disruption controller rounds up."""
    text = str(value)
    if not text.endswith("%"):
        return int(text) if text.isdigit() else 0
    return -(-pods * int(text[:-1]) // 100) if text[:-1].isdigit() else 0


# Q02: quotas


@check(
    "Q02",
    "quota",
    needs=("rendered", "admitted", "quotas", "own_pods", "target"),
    severity="B",
    about=("replicas", "cpu", "memory", "database.size"),
)
def quota(facts: Facts) -> Outcome:
    """All that is installed fits into what the namespace's quotas have left, with the pods that stay meanwhile."""
    quotas: Sequence[Object] = facts["quotas"]
    if not quotas:
        return Outcome("pass", ("the namespace has no quota",))
    more = _added(facts["rendered"], facts["own_pods"], facts["target"], facts["admitted"])
    over: list[str] = []
    near: list[str] = []
    for one in quotas:
        if _scoped(one):
            continue
        status = one.get("status") or {}
        for name, text in (status.get("hard") or (one.get("spec") or {}).get("hard") or {}).items():
            hard, used = quantity.parse(text), quantity.parse((status.get("used") or {}).get(name, "0"))
            needs = more.get(_known(name), Fraction(0))
            if hard is None or used is None or needs <= 0:
                continue
            left = hard - used
            line = f"{one['metadata']['name']}: {name} needs {shown(name, needs)} more, {shown(name, max(left, Fraction(0)))} of {text} left"
            (over if needs > left else near).append(line)
    if over:
        return Outcome(
            "fail", capped(over), "Ask for a larger quota, or lower replicas, CPU, memory and disks.", "replicas"
        )
    return Outcome("pass", capped(near) or ("the quotas count nothing of what is installed",))


_SAME: Final = {"cpu": "requests.cpu", "memory": "requests.memory", "pods": "count/pods", "services": "count/services",
                "persistentvolumeclaims": "count/persistentvolumeclaims", "secrets": "count/secrets", "configmaps": "count/configmaps"}  # fmt: skip


def _known(name: str) -> str:
    return _SAME.get(name, name)


def _scoped(one: Object) -> bool:
    """Whether a quota counts only some pods: by priority, or those that end, or without requests."""
    spec = one.get("spec") or {}
    return bool(spec.get("scopes") or spec.get("scopeSelector"))


def _added(
    rendered: Rendered, live: Sequence[Object], target: Target, admitted: Mapping[str, Mapping[str, Any]]
) -> dict[str, Fraction]:
    """By name of the quota's resource, what the namespace has more at the height of the change; what it has already is used."""
    total: defaultdict[str, Fraction] = defaultdict(Fraction)
    runs = False
    for template in manifests.templates(rendered.objects):
        old = replaced(template, live, target) if template.stays else []
        runs = runs or bool(old)
        spec = admitted.get(template.owner, template.spec)
        more = _more(template, len(old))
        for name, amount in _counted(spec).items():
            before = sum((_counted(pod["spec"]).get(name, Fraction(0)) for pod in old), Fraction(0))
            after = amount * template.replicas
            total[name] += max(after - before, amount * more, Fraction(0)) if old else after
    kinds = Counter((str(obj.get("apiVersion")), str(obj["kind"])) for obj in rendered.objects)
    if not runs:  # an upgrade has its other objects already
        for (version, kind), count in kinds.items():
            total[_counted_as(version, kind)] += Fraction(count)
        total["count/replicasets.apps"] += kinds["apps/v1", "Deployment"]  # one of each
        for service in rendered.of("Service"):
            of = map_of(service, "spec")
            total["services.loadbalancers"] += of.get("type") == "LoadBalancer"
            if of.get("type") in ("NodePort", "LoadBalancer") and of.get("allocateLoadBalancerNodePorts") is not False:
                total["services.nodeports"] += len(maps_of(of, "ports"))
        total["count/persistentvolumeclaims"] = Fraction(0)
        for _, claim in manifests.claims(rendered.objects):
            size = quantity.parse(((claim.get("resources") or {}).get("requests") or {}).get("storage", "0"))
            of_class = f"{claim.get('storageClassName')}.storageclass.storage.k8s.io/"
            for prefix in ("count/", of_class):
                total[f"{prefix}persistentvolumeclaims"] += Fraction(1)
            for prefix in ("", of_class):
                total[f"{prefix}requests.storage"] += size or Fraction(0)
    return dict(total)


def _counted_as(version: str, kind: str) -> str:
    """The name by which a quota counts objects of a kind (docs: object count quota); their plural is a regular one."""
    group, slash, _ = version.rpartition("/")
    lower = kind.lower()
    plural = (
        lower + "es"
        if lower.endswith(("s", "x", "ch"))
        else lower[:-1] + "ies"
        if lower.endswith("cy")
        else lower + "s"
    )
    return f"count/{plural}{f'.{group}' if slash else ''}"


def _more(template: Template, old: int) -> int:
    """How many pods are there besides the old ones while they are replaced."""
    if template.of["kind"] != "Deployment" or not old:
        return 0
    rolling = ((template.of.get("spec") or {}).get("strategy") or {}).get("rollingUpdate") or {}
    if ((template.of.get("spec") or {}).get("strategy") or {}).get("type") == "Recreate":
        return 0
    surge = str(rolling.get("maxSurge", "25%"))
    if surge.endswith("%"):
        return -(-template.replicas * int(surge[:-1] or 0) // 100)
    return int(surge) if surge.isdigit() else 0


def _counted(spec: Mapping[str, Any]) -> dict[str, Fraction]:
    """What a pod is counted with in quotas: requests, limits, itself."""
    asked = requests.of_pod(spec)
    limited = requests.of_pod(
        {**spec, **{name: _limits_alone(spec.get(name) or ()) for name in ("containers", "initContainers")}}
    )
    counted = {"count/pods": asked.pop(requests.PODS)}
    limited.pop(requests.PODS)
    return {
        **counted,
        **{f"requests.{name}": value for name, value in asked.items()},
        **{f"limits.{name}": value for name, value in limited.items()},
    }


def _limits_alone(containers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "resources": {"requests": (one.get("resources") or {}).get("limits") or {}}} for one in containers]
