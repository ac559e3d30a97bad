"""A, I, S, N, U: what a release leans on beside itself, and who else works on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, labels_of
from wizard.core.rules import manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.claims import modes
from wizard.core.rules.facts import (
    BackupSeen,
    CertManager,
    MetricsApi,
    Release,
    Rendered,
    StorageClass,
    WaysSeen,
)
from wizard.core.target import PRODUCTION, Target

_SOON: Final = timedelta(hours=26)
"""A nightly backup is younger, but for its own time."""


@check("A01", "metrics API", needs=("metrics_api",), about=("scaling",))
def metrics_api(facts: Facts) -> Outcome:
    """The metrics API answers, without which an autoscaler does nothing."""
    found: MetricsApi = facts["metrics_api"]
    if found.answers:
        return Outcome("pass", ("the metrics API answers",))
    line = "the metrics API does not answer" if found.there else "no metrics API is installed"
    line += ": the autoscaler would not scale, and stay at its replicas"
    return Outcome(
        "warn", (line, *([found.why] if found.why else [])),
        "Have metrics-server installed or repaired, or turn autoscaling off.", "scaling",
    )  # fmt: skip


RUN_AS: Final[Mapping[str, str]] = {
    "k8s.io/ingress-nginx": "ingress-nginx", "traefik.io/ingress-controller": "traefik", "nginx.org/ingress-controller": "nginx-ingress",
    "haproxy.org/ingress-controller/haproxy": "kubernetes-ingress", "haproxy-ingress.github.io/controller": "haproxy-ingress",
    "projectcontour.io/ingress-controller": "contour", "ingress.k8s.aws/alb": "aws-load-balancer-controller", "ingress-controllers.konghq.com/kong": "kong",
}  # fmt: skip
"""Controller of an IngressClass -> the name under which its chart runs it; those of clouds run outside of the cluster."""


@check("I02", "ingress controller", needs=("rendered", "ways", "controllers"), about=("ingress.class",))
def controller(facts: Facts) -> Outcome:
    """Somebody serves the ingress class: an Ingress of it has an address, or the controller's pods run."""
    rendered: Rendered = facts["rendered"]
    ways: WaysSeen = facts["ways"]
    running: frozenset[str] = facts["controllers"]
    classes = ways.classes
    if not rendered.of("Ingress"):
        return Outcome("skipped", ("no Ingress is installed",))
    lines = []
    for name in dict.fromkeys(classes.name(ingress) for ingress in rendered.of("Ingress")):
        if name not in classes.controllers:
            return Outcome("skipped", ("waits for I01",))
        served, run_as = _served(name, ways), RUN_AS.get(classes.controllers[name], "")
        if away := away_controller(name, ways, running):
            line = f"class {name} is there, but {away} does not run and no Ingress of the class has an address: nobody would serve it"
            return Outcome(
                "warn", (line,), f"Have {away} installed or repaired, or choose another class.", "ingress.class"
            )
        if served:
            lines.append(f"{served} {'Ingress' if served == 1 else 'Ingresses'} of class {name} have an address")
        elif run_as:
            lines.append(f"{run_as} runs, which serves class {name}")
        else:
            lines.append(
                f"class {name} is of {classes.controllers.get(name) or 'a controller'} that cannot be seen from here"
            )
    return Outcome("pass", tuple(lines))


def away_controller(name: str, ways: WaysSeen, running: frozenset[str]) -> str:
    """Who should serve an ingress class, where he does not run and no Ingress of the class has an address; "" for a class that is served."""
    run_as = RUN_AS.get(ways.classes.controllers.get(name, ""), "")
    return "" if run_as in running or _served(name, ways) else run_as


def _served(name: str, ways: WaysSeen) -> int:
    """How many Ingresses of a class have an address."""
    return sum(
        bool(status.addresses(one))
        for one in ways.objects
        if one["kind"] == "Ingress" and ways.classes.name(one) == name
    )


@check("I08", "cert-manager", needs=("cert_manager",), severity="B", about=("tls",))
def cert_manager(facts: Facts) -> Outcome:
    """cert-manager is installed and runs, where an Ingress asks it for a certificate."""
    found: CertManager = facts["cert_manager"]
    if not found.served:
        line = (
            "an Ingress asks cert-manager for its certificate, and cert-manager is not installed: nobody would make it"
        )
        return Outcome("fail", (line,), "Have cert-manager installed, or give a certificate of your own.", "tls")
    if found.runs is False:
        line = "cert-manager is installed, but no pod of it is ready: no certificate would be made"
        return Outcome(
            "warn", (line,), "Have it repaired: kubectl get pods -A -l app.kubernetes.io/name=cert-manager", "tls"
        )
    return Outcome("pass", ("cert-manager runs" if found.runs else "cert-manager is installed",))


@check("I09", "issuers", needs=("cert_manager",), severity="B", about=("tls.issuer",))
def issuers(facts: Facts) -> Outcome:
    """The issuer of every Ingress exists and is ready to sign."""
    found: CertManager = facts["cert_manager"]
    if not found.served:
        return Outcome("skipped", ("waits for I08",))
    missing = [one for one in found.issuers if not one.there]
    unready = [one for one in found.issuers if one.there and not one.ready]
    lines = [f"{one.ingress} asks {one.kind} {one.name}, which is not there" for one in missing]
    lines += [f"{one.kind} {one.name} is not ready: {one.message or 'it says nothing'}" for one in unready]
    if missing:
        return Outcome("fail", capped(lines), "Name an issuer that is there, or have this one made.", "tls.issuer")
    if unready:
        one = unready[0]
        return Outcome("warn", capped(lines), f"See why: kubectl describe {one.kind.lower()} {one.name}", "tls.issuer")
    return Outcome(
        "pass", tuple(f"{one.kind} {one.name} is ready" for one in found.issuers) or ("the release brings its issuer",)
    )


_MIGRATED: Final[Mapping[str, str]] = {
    "kubernetes.io/aws-ebs": "ebs.csi.aws.com", "kubernetes.io/gce-pd": "pd.csi.storage.gke.io", "kubernetes.io/azure-disk": "disk.csi.azure.com",
    "kubernetes.io/azure-file": "file.csi.azure.com", "kubernetes.io/cinder": "cinder.csi.openstack.org", "kubernetes.io/vsphere-volume": "csi.vsphere.vmware.com",
}  # fmt: skip
"""In-tree provisioners, which newer clusters answer by these drivers alone."""


@check("S03", "disk drivers", needs=("rendered", "storage_classes", "csi_drivers"), about=("database.class",))
def disk_drivers(facts: Facts) -> Outcome:
    """The driver that makes the disks of a class is registered; provisioners that are no CSI drivers cannot be told."""
    rendered: Rendered = facts["rendered"]
    classes: tuple[StorageClass, ...] = facts["storage_classes"]
    drivers: frozenset[str] = facts["csi_drivers"]
    default = next((one.name for one in classes if one.default), "")
    wanted = {str(spec.get("storageClassName") or default) for _, spec in manifests.claims(rendered.objects)}
    missing = [
        f"class {one.name} is there, but its driver {driver} is not: its claims would wait for ever"
        for one in classes
        if one.name in wanted and (driver := away_driver(one, drivers))
    ]
    if missing:
        return Outcome("warn", capped(missing), "Have the driver installed, or choose another class.", "database.class")
    if shared := _shared_of_blocks(rendered, classes, default):
        return Outcome(
            "warn",
            capped(shared),
            "Choose a class of shared files (NFS, EFS, Filestore, Azure Files), or ReadWriteOnce.",
            "database.class",
        )
    return Outcome("pass", ("the drivers of the classes are there",))


_BLOCKS: Final = frozenset(
    {"ebs.csi.aws.com", "pd.csi.storage.gke.io", "disk.csi.azure.com", "cinder.csi.openstack.org"}
)
"""Drivers of disks, which give no file system to pods of several nodes (their documentation, access modes)."""


def _shared_of_blocks(rendered: Rendered, classes: tuple[StorageClass, ...], default: str) -> list[str]:
    drivers = {one.name: _MIGRATED.get(one.provisioner, one.provisioner) for one in classes}
    return [
        f"{owner}: its claim asks for ReadWriteMany, which driver {driver} of class {name} does not make"
        for owner, spec in manifests.claims(rendered.objects)
        if "ReadWriteMany" in modes(spec)
        and (spec.get("volumeMode") or "Filesystem") == "Filesystem"
        and (driver := drivers.get(name := str(spec.get("storageClassName") or default))) in _BLOCKS
    ]


def away_driver(one: StorageClass, drivers: frozenset[str]) -> str:
    """The CSI driver of a storage class that is not registered; "" where it is, or where no such driver makes its volumes."""
    driver = _MIGRATED.get(one.provisioner, one.provisioner)
    return driver if "csi" in driver and driver not in drivers else ""


@check("N04", "GitOps", needs=("owner",))
def gitops(facts: Facts) -> Outcome:
    """No GitOps controller manages the release, which would undo a change by hand."""
    found: str = facts["owner"]
    if not found:
        return Outcome("pass", ("no GitOps controller manages it",))
    return Outcome(
        "warn",
        (f"{found} manages it, and would undo what is changed here",),
        "Change it where that controller takes it from.",
        "release",
    )


@check("U07", "health before the upgrade", needs=("release", "own_pods", "target"))
def health(facts: Facts) -> Outcome:
    """The pods of the running release are ready: an upgrade of a sick system makes two troubles of one."""
    release: Release = facts["release"]
    target: Target = facts["target"]
    if not release.revision:
        return Outcome("skipped", ("this is an install",))
    mine: Sequence[Object] = [
        pod for pod in facts["own_pods"]
        if labels_of(pod).get("app.kubernetes.io/instance") == target.release and pod["status"].get("phase") not in ("Succeeded", "Failed")
    ]  # fmt: skip
    sick = [str(pod["metadata"]["name"]) for pod in mine if not status.is_ready(pod)]
    if not sick:
        return Outcome("pass", (f"{len(mine)} of {len(mine)} pods are ready",))
    line = f"{len(sick)} of {len(mine)} pods are not ready: {', '.join(sick[:4])}{' ...' if len(sick) > 4 else ''}"
    step = f"Know why before you change it: llm-cost-ops-wizard diagnose {target.release} -n {target.namespace}. If this upgrade is the cure, go on."
    return Outcome("warn", (line,), step)


@check("U09", "backup before the upgrade", needs=("backups", "preset"), ours=True)
def backup(facts: Facts) -> Outcome:
    """In production, the database was backed up within a day."""
    found: tuple[BackupSeen, ...] = facts["backups"]
    production = facts["preset"] == PRODUCTION
    fresh = [one for one in found if one.succeeded and one.at - one.succeeded < _SOON]
    if fresh:
        hours = int((fresh[0].at - fresh[0].succeeded).total_seconds() // 3600) if fresh[0].succeeded else 0
        return Outcome("pass", (f"{fresh[0].name} went well {hours} h ago",))
    if not found:
        line = "the database has no backup by this chart"
    elif found[0].succeeded:
        line = (
            f"the last backup that went well, of {found[0].name}, is {(found[0].at - found[0].succeeded).days} days old"
        )
    else:
        line = f"{found[0].name} never went well" + (" and is suspended" if found[0].suspended else "")
    if not production:
        return Outcome("pass", (line,))
    return Outcome("warn", (line,), "Make one first: docs/day-two.md, Backup; or know that you have another.")
