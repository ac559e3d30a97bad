"""S, I: the classes that rendered objects name."""

from __future__ import annotations

from typing import Final

from wizard.core.rules import manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.facts import NamedClass, Rendered, StorageClass

_DATABASE: Final = "database.class"


@check("S01", "storage classes", needs=("rendered", "named_storage"), severity="B", about=("database.class",))
def storage_classes(facts: Facts) -> Outcome:
    """Every storage class that a rendered claim names exists."""
    rendered: Rendered = facts["rendered"]
    classes: tuple[StorageClass, ...] = facts["named_storage"]
    names = [storage_class.name for storage_class in classes]
    wanted = [
        (owner, str(spec["storageClassName"]))
        for owner, spec in manifests.claims(rendered.objects)
        if spec.get("storageClassName")
    ]
    missing = [(owner, name) for owner, name in wanted if name not in names]
    if missing:
        lines = tuple(f"{owner} wants storage class {name}, which is not here" for owner, name in missing)
        question = _DATABASE if any("postgres" in owner for owner, _ in missing) else ""
        return Outcome("fail", lines, f"Choose one that is here: {', '.join(names) or 'there is none'}.", question)
    return Outcome("pass", tuple(dict.fromkeys(f"{name} is here" for _, name in wanted)))


@check("S02", "default storage class", needs=("rendered", "storage_classes"), about=("database.class",))
def default_storage_class(facts: Facts) -> Outcome:
    """There is exactly one default class for claims that name none."""
    rendered: Rendered = facts["rendered"]
    classes: tuple[StorageClass, ...] = facts["storage_classes"]
    unset = [owner for owner, spec in manifests.claims(rendered.objects) if spec.get("storageClassName") is None]
    if not unset:
        return Outcome("pass", ("every claim names its class",))
    defaults = [storage_class.name for storage_class in classes if storage_class.default]
    if len(defaults) == 1:
        return Outcome("pass", (f"{', '.join(unset)}: {defaults[0]}, the cluster's default",))
    if not defaults:
        names = ", ".join(storage_class.name for storage_class in classes) or "there is none"
        line = (
            f"{', '.join(unset)} names no storage class and the cluster has no default: the claim would wait for ever"
        )
        return Outcome("warn", (line,), f"Choose a class that is here: {names}.", _DATABASE)
    line = f"{', '.join(unset)} names no storage class and several are default: {', '.join(defaults)}; the newest wins"
    return Outcome("warn", (line,), "Choose the class explicitly.", _DATABASE)


@check("I01", "ingress class", needs=("rendered", "ingress_classes"), severity="B", about=("ingress.class", "expose"))
def ingress_class(facts: Facts) -> Outcome:
    """The class of every rendered Ingress exists."""
    rendered: Rendered = facts["rendered"]
    classes: tuple[NamedClass, ...] = facts["ingress_classes"]
    ingresses = rendered.of("Ingress")
    if not ingresses:
        return Outcome("skipped", ("no Ingress is installed",))
    names = [named_class.name for named_class in classes]
    choice = (
        f"Choose one that is here: {', '.join(names)}."
        if names
        else "Install an ingress controller, or choose another way in."
    )
    for ingress in ingresses:
        wanted = ingress["spec"].get("ingressClassName") or (ingress["metadata"].get("annotations") or {}).get(
            "kubernetes.io/ingress.class"
        )
        if wanted and wanted not in names:
            line = f"{manifests.label(ingress)} wants ingress class {wanted}, which is not here"
            return Outcome("fail", (line,), choice, "ingress.class" if names else "expose")
        if not wanted and not any(named_class.default for named_class in classes):
            line = f"{manifests.label(ingress)} names no ingress class and the cluster has no default: nobody would serve it"
            return Outcome("fail", (line,), choice, "ingress.class" if names else "expose")
    controllers = {named_class.name: named_class.controller for named_class in classes}
    wanted_names = dict.fromkeys(str(ingress["spec"].get("ingressClassName") or "the default") for ingress in ingresses)
    return Outcome("pass", tuple(f"{name} is here ({controllers.get(name) or 'default'})" for name in wanted_names))
