"""How a chart's clients of PostgreSQL log in, read from the pods that it renders, and the pod that tries it from the cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from wizard.core.kube.objects import Object, containers
from wizard.core.limits import map_of, maps_of, text_of
from wizard.core.postgres.script import SCRIPT
from wizard.core.rules import manifests
from wizard.core.rules.manifests import Template
from wizard.core.scheduling.selectors import labels_match

PROBE_LABEL: Final = "llm-cost-ops/probe"
"""On every pod of a probe, with the release as its value: what is left over is found by it."""
CONTAINER: Final = "probe"
LIFE_SECONDS: Final = 45
"""After that long the kubelet ends the pod, whatever became of the wizard."""
_COMPONENT: Final = "app.kubernetes.io/component"
_PLACE: Final = ("nodeSelector", "tolerations", "affinity", "hostAliases", "dnsPolicy", "dnsConfig", "runtimeClassName")
"""Of the app's pods: where they run and how they resolve names."""
_CONNECT_SECONDS: Final = "8"


@dataclass(frozen=True)
class Client:
    """A container that logs in to the database with libpq's variables, and its pod. Everything in it was rendered."""

    host: str
    port: int
    user: str
    database: str
    secret: str = ""
    """The Secret with the password; "" where none is given to this container."""
    key: str = ""
    container: Mapping[str, Any] = field(default_factory=dict, repr=False)
    spec: Mapping[str, Any] = field(default_factory=dict, repr=False)
    labels: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{self.host}:{self.port}"


def client(objects: Iterable[Object], tests: Iterable[Object]) -> Client | None:
    """The client to try the login with: one that is given the password where there is one; None without any.

    The chart's helm test logs in as the app does; the other clients read the password from a file.
    """
    found = [one for template in manifests.templates([*tests, *objects]) for one in _clients(template)]
    return next((one for one in found if one.secret), found[0] if found else None)


def _clients(template: Template) -> Iterator[Client]:
    for container in containers(template.spec):
        given = {text_of(variable, "name"): variable for variable in maps_of(container, "env")}
        value = {name: text_of(variable, "value") for name, variable in given.items()}
        if not value.get("PGHOST"):
            continue
        port = value.get("PGPORT", "")
        reference = map_of(map_of(given.get("PGPASSWORD", {}), "valueFrom"), "secretKeyRef")
        yield Client(
            value["PGHOST"], int(port) if port.isdigit() and len(port) < 6 else 5432, value.get("PGUSER", ""), value.get("PGDATABASE", ""),
            text_of(reference, "name"), text_of(reference, "key"), container, template.spec, template.labels,
        )  # fmt: skip


def app(objects: Iterable[Object]) -> Template | None:
    """The workload whose pods use the database all the time."""
    return next(
        (
            template
            for template in manifests.templates(objects)
            if template.stays
            and any(text_of(one, "name") == "DATABASE_URL" for each in containers(template.spec) for one in maps_of(each, "env"))
        ),
        None,
    )  # fmt: skip


def migrates(objects: Iterable[Object]) -> bool:
    """Whether something that is rendered makes the tables."""
    return any(one.get("name") == "migrate" for _, spec in manifests.pods(objects) for one in containers(spec))


def probe_labels(it: Client, like: Template | None, services: Iterable[Object], release: str) -> dict[str, str]:
    """The labels of the app's pods, so that network policies take it for one, without what makes a Service select it."""
    given = like.labels if like else it.labels
    labels = {str(key): str(value) for key, value in given.items()} | {
        _COMPONENT: "database-probe",
        PROBE_LABEL: release,
    }
    for service in services:
        selector = map_of(map_of(service, "spec"), "selector")
        while selector and labels_match({"matchLabels": selector}, labels):
            labels.pop(next(key for key in selector if key in labels))
    return labels


def pod(it: Client, like: Template | None, labels: Mapping[str, str], name: str) -> Object:
    """The pod: the client's image, login and certificates, the app's place; it has no account, no owner and no disk."""
    mounted = {text_of(mount, "name") for mount in maps_of(it.container, "volumeMounts")}
    place = {key: value for key, value in (like.spec if like else it.spec).items() if key in _PLACE and value}
    pull = {
        text_of(one, "name"): None
        for spec in (it.spec, like.spec if like else {})
        for one in maps_of(spec, "imagePullSecrets")
    }
    container = {
        "name": CONTAINER,
        "image": it.container.get("image"),
        "imagePullPolicy": it.container.get("imagePullPolicy") or "IfNotPresent",
        "command": ["sh", "-c", SCRIPT],
        "env": list(_variables(it)),
        "securityContext": it.container.get("securityContext") or {},
        "resources": it.container.get("resources") or {},
        "volumeMounts": [{**mount, "readOnly": True} for mount in maps_of(it.container, "volumeMounts")],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            **place,
            "restartPolicy": "Never",
            "activeDeadlineSeconds": LIFE_SECONDS,
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            # Nobody sets it, so the pod is never ready: it gets no requests from a Service that selects it after all.
            "readinessGates": [{"conditionType": "llm-cost-ops/takes-requests"}],
            "securityContext": it.spec.get("securityContext") or {},
            "imagePullSecrets": [{"name": secret} for secret in pull],
            "containers": [container],
            "volumes": [_optional(volume) for volume in maps_of(it.spec, "volumes") if text_of(volume, "name") in mounted],
        },
    }  # fmt: skip


def _variables(it: Client) -> Iterator[Mapping[str, Any]]:
    """Those of libpq. A password stands in none of them: it is named, and one that is not there yet is left out by the kubelet."""
    for variable in maps_of(it.container, "env"):
        name = text_of(variable, "name")
        if (
            name.startswith("PG")
            and name not in ("PGPASSWORD", "PGCONNECT_TIMEOUT")
            and isinstance(variable.get("value"), str)
        ):
            yield {"name": name, "value": variable["value"]}
    yield {"name": "PGCONNECT_TIMEOUT", "value": _CONNECT_SECONDS}
    yield {"name": "PGAPPNAME", "value": "llm-cost-ops-wizard"}
    yield {"name": "LC_ALL", "value": "C"}  # the words are read in English
    if it.secret:
        reference = {"name": it.secret, "key": it.key, "optional": True}
        yield {"name": "PGPASSWORD", "valueFrom": {"secretKeyRef": reference}}


def _optional(volume: Mapping[str, Any]) -> Mapping[str, Any]:
    """The volume without waiting for a Secret that is not there: libpq then names the file that it misses."""
    if "secret" in volume:
        return {**volume, "secret": {**map_of(volume, "secret"), "optional": True}}
    if "projected" in volume:
        sources = [
            {**source, "secret": {**map_of(source, "secret"), "optional": True}} if "secret" in source else source
            for source in maps_of(map_of(volume, "projected"), "sources")
        ]
        return {**volume, "projected": {**map_of(volume, "projected"), "sources": sources}}
    return volume
