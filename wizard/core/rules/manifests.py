"""Readers of rendered manifests: the pods of workloads, claims, and the Secrets that they use."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.kube.objects import Object, containers
from wizard.core.limits import map_of, maps_of


def label(obj: Object) -> str:
    """Kind/name."""
    return f"{obj['kind']}/{obj['metadata'].get('name', '')}"


def pods(objects: Iterable[Object]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """("Kind/name" of the owner, pod spec) of every pod or pod template."""
    for obj in objects:
        spec = map_of(obj, "spec")
        if obj["kind"] == "Pod":
            yield label(obj), spec
            continue
        if obj["kind"] == "CronJob":
            spec = map_of(map_of(spec, "jobTemplate"), "spec")
        if "spec" in map_of(spec, "template"):
            yield label(obj), map_of(map_of(spec, "template"), "spec")


@dataclass(frozen=True)
class Template:
    """The pod template of a workload, or a bare pod. `most` is how many an autoscaler may make of it; 0 without one."""

    owner: str
    """Kind/name."""
    labels: Mapping[str, Any]
    annotations: Mapping[str, Any]
    spec: Mapping[str, Any]
    replicas: int
    most: int
    of: Object

    @property
    def stays(self) -> bool:
        """Whether its pods are there all the time; those of Jobs and hooks end."""
        return self.of["kind"] not in ("Job", "CronJob") and "helm.sh/hook" not in (
            self.of["metadata"].get("annotations") or {}
        )


def templates(objects: Iterable[Object]) -> Iterator[Template]:
    """The pod templates of rendered workloads; an autoscaler starts with its minimum, or with the replicas that are more."""
    every = list(objects)
    scaled = {
        f"{target.get('kind')}/{target.get('name')}": map_of(scaler, "spec")
        for scaler in every
        if scaler["kind"] == "HorizontalPodAutoscaler"
        for target in (map_of(map_of(scaler, "spec"), "scaleTargetRef"),)
    }
    for obj in every:
        for owner, spec in pods([obj]):
            rules = map_of(obj, "spec")
            holder = map_of(map_of(rules, "jobTemplate"), "spec") if obj["kind"] == "CronJob" else rules
            meta = map_of(obj if obj["kind"] == "Pod" else map_of(holder, "template"), "metadata")
            scaler = scaled.get(owner, {})
            ends = obj["kind"] in ("Job", "CronJob")
            asked = holder.get("parallelism") if ends else rules.get("replicas")
            replicas = max(_count(asked, 1), _count(scaler.get("minReplicas"), 0))
            most = _count(scaler.get("maxReplicas"), 0)
            yield Template(owner, map_of(meta, "labels"), map_of(meta, "annotations"), spec, replicas, most, obj)


def _count(value: Any, otherwise: int) -> int:
    """A number of pods; the default for null, which a template renders of a value that is not set, and for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def claims(objects: Iterable[Object]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """("Kind/name" of the owner, claim spec) of every claim and claim template."""
    for obj in objects:
        if obj["kind"] == "PersistentVolumeClaim":
            yield label(obj), obj.get("spec") or {}
        for template in (obj.get("spec") or {}).get("volumeClaimTemplates") or ():
            yield label(obj), template.get("spec") or {}


ROLES: Final[Mapping[str, str]] = {
    "JWT_SECRET": "jwt",
    "DATABASE_URL_PASSWORD": "postgres-url",
    "REDIS_URL_PASSWORD": "redis-url",
    "REDIS_PASSWORD": "redis",
    "REDISCLI_AUTH": "redis",
    "SMTP_PASSWORD": "smtp",
    "GF_SECURITY_ADMIN_PASSWORD": "grafana",
}
"""Variable of the chart's pods -> the role of its value: the name of a secret, or that of one that stands in a URL."""
_DATABASE_VOLUME: Final = "password"
"""The volume with the database's password, in the pods of the database and of the jobs that log in to it."""


def secret_roles(objects: Iterable[Object]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Secret name -> (key, role) of each value that the chart hands to a program whose rules are known."""
    roles: dict[str, dict[tuple[str, str], None]] = {}

    def use(name: Any, key: Any, role: str) -> None:
        roles.setdefault(str(name), {})[str(key), role] = None

    for _, spec in pods(objects):
        for container in containers(spec):
            for variable in container.get("env") or ():
                reference = (variable.get("valueFrom") or {}).get("secretKeyRef") or {}
                if reference and (role := ROLES.get(str(variable.get("name")))):
                    use(reference.get("name"), reference.get("key"), role)
        for volume in spec.get("volumes") or ():
            secret = volume.get("secret") or {}
            for item in secret.get("items") or () if volume.get("name") == _DATABASE_VOLUME else ():
                use(secret.get("secretName"), item.get("key"), "postgres")
    return {name: tuple(keys) for name, keys in roles.items()}


def certificates(objects: Iterable[Object]) -> dict[str, tuple[str, ...]]:
    """TLS Secret -> the hosts that its certificate has to be for, by the Ingresses; without those that an issuer fills."""
    hosts: dict[str, dict[str, None]] = {}
    for obj in objects:
        if obj["kind"] != "Ingress" or issuer(obj):
            continue
        for entry in (obj.get("spec") or {}).get("tls") or ():
            if name := entry.get("secretName"):
                hosts.setdefault(str(name), {}).update(dict.fromkeys(map(str, entry.get("hosts") or ())))
    return {name: tuple(found) for name, found in hosts.items()}


def hosts(objects: Iterable[Object]) -> list[str]:
    """The hosts of Ingresses and HTTPRoutes that are names of one machine each, once each."""
    found: dict[str, None] = {}
    for obj in objects:
        spec = obj.get("spec") or {}
        if obj["kind"] == "Ingress":
            found |= dict.fromkeys(str(rule.get("host") or "") for rule in spec.get("rules") or ())
        elif obj["kind"] == "HTTPRoute":
            found |= dict.fromkeys(map(str, spec.get("hostnames") or ()))
    return [host for host in found if host and "*" not in host]


def parents(route: Object) -> tuple[Mapping[str, Any], ...]:
    """The references of an HTTPRoute to Gateways."""
    references = maps_of(map_of(route, "spec"), "parentRefs")
    return tuple(one for one in references if (one.get("kind") or "Gateway") == "Gateway" and one.get("name"))


def images(objects: Iterable[Object]) -> dict[str, tuple[str, ...]]:
    """Image -> "Kind/name" of the workloads that run it."""
    found: dict[str, dict[str, None]] = {}
    for owner, spec in pods(objects):
        for container in containers(spec):
            if image := str(container.get("image") or ""):
                found.setdefault(image, {})[owner] = None
    return {image: tuple(owners) for image, owners in found.items()}


def named_images(objects: Iterable[Object]) -> dict[str, tuple[str, ...]]:
    """Image -> "Kind/name" of what names it: pods, and what an operator makes pods of."""
    found: dict[str, dict[str, None]] = {}
    for obj in objects:
        if obj["kind"] not in _NO_IMAGES:
            for image in _images_in(obj.get("spec")):
                found.setdefault(image, {})[label(obj)] = None
    return {image: tuple(owners) for image, owners in found.items()}


_NO_IMAGES: Final = ("ConfigMap", "Secret", "CustomResourceDefinition")


def _images_in(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _images_in(item)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if key == "image" and isinstance(value, str):
                if value:
                    yield value
            elif key == "image" and isinstance(value, Mapping) and isinstance(value.get("reference"), str):
                yield value["reference"]  # a volume that is an image
            else:
                yield from _images_in(value)


def pull_secrets(objects: Iterable[Object]) -> dict[str, tuple[str, ...]]:
    """Pull Secret -> the images of the workloads that name it."""
    found: dict[str, dict[str, None]] = {}
    for _, spec in pods(objects):
        images = dict.fromkeys(str(one.get("image") or "") for one in containers(spec))
        for secret in spec.get("imagePullSecrets") or ():
            found.setdefault(str(secret.get("name")), {}).update(images)
    return {name: tuple(every) for name, every in found.items()}


_ISSUED: Final = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer", "kubernetes.io/tls-acme")


def issuer(ingress: Object) -> str:
    """The annotation by which an Ingress asks cert-manager for its certificates, "name: value"; "" for none."""
    notes = (ingress.get("metadata") or {}).get("annotations") or {}
    return next((f"{note}: {notes[note]}" for note in _ISSUED if note in notes), "")


_ISSUER_KINDS: Final[Mapping[str, str]] = {
    "cert-manager.io/cluster-issuer": "ClusterIssuer",
    "cert-manager.io/issuer": "Issuer",
}


def issuers(obj: Object) -> tuple[tuple[str, str], ...]:
    """(kind, name) of the issuers that an Ingress names; none for other kinds."""
    notes = (obj.get("metadata") or {}).get("annotations") or {} if obj["kind"] == "Ingress" else {}
    return tuple((kind, str(notes[note])) for note, kind in _ISSUER_KINDS.items() if note in notes)


def data_claims(objects: Iterable[Object], secrets: Collection[str]) -> Iterator[tuple[str, str]]:
    """(first claim, Secret) of each claim template of a StatefulSet that uses one of these Secrets."""
    for obj in objects:
        if obj["kind"] != "StatefulSet":
            continue
        used = [secret for secret in secrets if secret in secrets_used([obj])]
        for template in (obj.get("spec") or {}).get("volumeClaimTemplates") or ():
            for secret in used:
                yield f"{template['metadata']['name']}-{obj['metadata']['name']}-0", secret


def service_ports(service: Mapping[str, Any]) -> frozenset[int]:
    """The ports of a Service; none for one that is only another name."""
    spec = service.get("spec") or {}
    if spec.get("type") == "ExternalName":
        return frozenset()
    return frozenset(int(port["port"]) for port in spec.get("ports") or () if str(port.get("port", "")).isdigit())


def secrets_used(objects: Iterable[Object]) -> dict[str, tuple[tuple[str, ...], str]]:
    """Secret name -> (required keys, "Kind/name" of the first user); optional references are left out."""
    keys: dict[str, dict[str, None]] = {}
    users: dict[str, str] = {}

    def use(name: Any, owner: str, wanted: Iterable[str] = ()) -> None:
        if isinstance(name, str) and name:
            keys.setdefault(name, {}).update(dict.fromkeys(wanted))
            users.setdefault(name, owner)

    for owner, spec in pods(objects):
        for pull_secret in spec.get("imagePullSecrets") or ():
            use(pull_secret.get("name"), owner)
        for container in containers(spec):
            for variable in container.get("env") or ():
                reference = (variable.get("valueFrom") or {}).get("secretKeyRef") or {}
                if not reference.get("optional"):
                    use(reference.get("name"), owner, [str(reference.get("key"))])
            for source in container.get("envFrom") or ():
                reference = source.get("secretRef") or {}
                if not reference.get("optional"):
                    use(reference.get("name"), owner)
        for volume in spec.get("volumes") or ():
            sources = [volume, *((volume.get("projected") or {}).get("sources") or ())]
            for reference in (source.get("secret") or {} for source in sources):
                if not reference.get("optional"):
                    name = reference.get("secretName") or reference.get("name")
                    use(name, owner, [str(item["key"]) for item in reference.get("items") or ()])
    return {name: (tuple(wanted), users[name]) for name, wanted in keys.items()}


def config_maps_used(objects: Iterable[Object]) -> dict[str, tuple[tuple[str, ...], str]]:
    """ConfigMap name -> (required keys, "Kind/name" of the first user); optional references are left out."""
    keys: dict[str, dict[str, None]] = {}
    users: dict[str, str] = {}
    for owner, spec in pods(objects):
        for reference, wanted in _config_maps(spec):
            name = reference.get("name")
            if isinstance(name, str) and name and not reference.get("optional"):
                keys.setdefault(name, {}).update(dict.fromkeys(wanted))
                users.setdefault(name, owner)
    return {name: (tuple(wanted), users[name]) for name, wanted in keys.items()}


AUTHORITIES: Final = "kube-root-ca.crt"
"""The ConfigMap that Kubernetes makes in every namespace; its key is ca.crt."""


def config_maps_outside(objects: Iterable[Object]) -> list[str]:
    """The ConfigMaps that pods name and that neither the objects nor Kubernetes make."""
    every = tuple(objects)
    made = {obj["metadata"].get("name") for obj in every if obj["kind"] == "ConfigMap"} | {AUTHORITIES}
    return [name for name in config_maps_used(every) if name not in made]


def _config_maps(spec: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], list[str]]]:
    """(reference, keys) of each ConfigMap that a pod names."""
    for container in containers(spec):
        for variable in maps_of(container, "env"):
            reference = map_of(map_of(variable, "valueFrom"), "configMapKeyRef")
            yield reference, [str(reference.get("key"))]
        for source in maps_of(container, "envFrom"):
            yield map_of(source, "configMapRef"), []
    for volume in maps_of(spec, "volumes"):
        for source in (volume, *maps_of(map_of(volume, "projected"), "sources")):
            reference = map_of(source, "configMap")
            yield reference, [str(item.get("key")) for item in maps_of(reference, "items")]
