"""Collectors: each fetches one fact, in parallel, within a time limit, once.

A collector that fails yields Unknown; a collector whose dependency is missing yields Absent. Adding a fact is one entry in COLLECTORS.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from wizard.core.answers import validate
from wizard.core.errors import Problem
from wizard.core.helm import plan, revision, unused_values
from wizard.core.helm.chart import Chart
from wizard.core.kube import lease, pod_security
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.ingress import Classes
from wizard.core.kube.kubeconfig import Kubeconfig
from wizard.core.kube.objects import Object, is_default_class, labels_of
from wizard.core.limits import maps_of
from wizard.core.rules import manifests, needed_rights, shape
from wizard.core.rules.check import Absent, FactFailure, Unknown
from wizard.core.rules.facts import (
    CertificateSeen,
    ChartFound,
    DryRun,
    HelmFound,
    HelmSees,
    Identity,
    KeptData,
    LeaseSeen,
    NamedClass,
    Namespace,
    Owned,
    Refused,
    Release,
    Rendered,
    Right,
    SecretSeen,
    SecretUse,
    Server,
    StorageClass,
    WaysSeen,
)
from wizard.core.rules.needed_rights import NeededRight
from wizard.core.target import Target
from wizard.core.text.secrets import Secret
from wizard.core.tls.files import CERT_QUESTION, Named
from wizard.engine import cluster_identity
from wizard.engine.preflight import addons, database, images, outside, policy, room, storage, upgrade
from wizard.engine.preflight.kept import Kept
from wizard.engine.preflight.world import NOT_THERE, Collector, World, judged
from wizard.engine.release import brought, leaks, listing
from wizard.engine.release import plan as release_plan
from wizard.ports.certificates import CertificateReader

_LOGIN: Final = frozenset({"expired", "unauthorized", "no-credentials"})
_ADDRESS: Final[Mapping[str, str]] = {
    "dns": "Check the address in the kubeconfig, your DNS and your VPN.",
    "refused": "Start the cluster, or choose another context with --context.",
    "tls": "Ask for a kubeconfig with the right certificate authority; do not switch verification off.",
    "slow": "Check VPN and firewall, then retry.",
    "not-kubernetes": "Check the server address in the kubeconfig, and the proxy.",
    "forbidden": "Ask an administrator whether this user may use the cluster at all.",
}
_MOST_UNREAD: Final = 50
_PER_OBJECT: Final = 50
"""Connections that are opened while helm renders: then each object is asked for and tried."""
_NO_NAME: Final = Absent("waits for N01")
"""Of what helm is asked under the release's name, where it takes no such name."""
_TLS_KEYS: Final = ("tls.crt", "tls.key")
NOTHING_GIVEN: Final[Mapping[str, Any]] = MappingProxyType({})
_SHAPE: Final = "Correct the value that this comes from, or the chart's template."
_TESTS: Final = frozenset({"test", "test-success", "test-failure"})


async def facts(
    world: World,
    names: frozenset[str] | None = None,
    given: Mapping[str, Any] = NOTHING_GIVEN,
    kept: Kept | None = None,
) -> AsyncIterator[tuple[str, Any]]:
    """(name, fact) as they come in: all of them, or those named and their dependencies. Never raises.

    What is `given` is not fetched; what lasts is taken from `kept`, and put there.
    """
    wanted = with_dependencies(names, given) if names is not None else frozenset(COLLECTORS)
    loop = asyncio.get_running_loop()
    futures: dict[str, asyncio.Future[Any]] = {name: loop.create_future() for name in wanted}
    arrived: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def collect(name: str) -> None:
        collector = COLLECTORS[name]
        fact = given.get(name, kept.get(name, world.target) if kept else None)
        if fact is None:
            fact = await fetched(name, collector)
        futures[name].set_result(fact)
        arrived.put_nowait((name, fact))

    async def fetched(name: str, collector: Collector) -> Any:
        begun = asyncio.ensure_future(_in_time(collector, world, NOTHING_GIVEN)) if collector.ahead else None
        try:
            inputs = {
                dependency: await asyncio.shield(futures[dependency])
                for dependency in (*collector.needs, *collector.after)
            }
            fact = _missing(collector, inputs)
            if fact is None:
                fact = await (begun or _in_time(collector, world, inputs))
        finally:
            if begun:
                begun.cancel()
                await asyncio.gather(begun, return_exceptions=True)
        if kept and collector.lasts and not isinstance(fact, Unknown | Absent | FactFailure):
            kept.put(name, world.target, fact, collector.lasts)
        return fact

    tasks = [asyncio.ensure_future(collect(name)) for name in wanted]
    try:
        for _ in tasks:
            yield await arrived.get()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def with_dependencies(names: frozenset[str], given: Collection[str] = ()) -> frozenset[str]:
    """The facts with all that they need, but not what only the given ones do."""
    wanted: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo += [] if name in given else [*COLLECTORS[name].needs, *COLLECTORS[name].after]
    return frozenset(wanted)


def _missing(collector: Collector, inputs: Mapping[str, Any]) -> Unknown | Absent | None:
    for name in collector.needs:
        value = inputs[name]
        if isinstance(value, FactFailure):
            return Absent(f"waits for {value.check}")
        if isinstance(value, Unknown | Absent):
            return value
    return None


async def _in_time(collector: Collector, world: World, inputs: Mapping[str, Any]) -> Any:
    try:
        return await asyncio.wait_for(collector.fetch(world, inputs), collector.limit)
    except TimeoutError:
        return Unknown(f"no answer within {collector.limit:g} s")
    except ClusterError as error:
        return _unknown(error)
    except Problem as problem:
        return Unknown(str(problem))
    except Exception as error:  # noqa: BLE001 - a bug in one collector must not stop the other checks
        return Unknown(f"the wizard failed to find out ({type(error).__name__}: {error})")


def _unknown(error: ClusterError) -> Unknown:
    return Unknown(error.message.rstrip("."), error.permission)


# Workstation


async def _target(world: World, _: Mapping[str, Any]) -> Target:
    return world.target


async def _logout(world: World, _: Mapping[str, Any]) -> tuple[str, str]:
    return world.logout


async def _kubeconfig(world: World, _: Mapping[str, Any]) -> Kubeconfig | Absent:
    return world.kubeconfig or Absent("was read before")


async def _helm(world: World, _: Mapping[str, Any]) -> HelmFound | FactFailure:
    try:
        info = await world.helm.info()
    except Problem as problem:
        return FactFailure("W01", problem.what, problem.next_step)
    return HelmFound(info.path, info.version)


async def _chart(world: World, _: Mapping[str, Any]) -> ChartFound | FactFailure:
    chart = world.chart
    if isinstance(chart, Problem):
        return FactFailure("W08", chart.what, chart.next_step)
    if isinstance(chart, str):
        return ChartFound(chart, "", "", "")
    return ChartFound(chart.path, chart.name, chart.version, chart.kube_version, chart.shown)


async def _rendered(world: World, inputs: Mapping[str, Any]) -> Rendered | FactFailure | Absent:
    if world.values_problem:
        problem = world.values_problem
        return FactFailure("W10", problem.what, problem.next_step, question=problem.question)
    if validate.release(world.target.release):
        return _NO_NAME
    server = inputs["server"]
    kube = server.version if isinstance(server, Server) else ""
    opening = asyncio.ensure_future(world.cluster.connect(_PER_OBJECT))
    try:
        text = await world.helm.template(
            world.target, inputs["chart"].path, world.values_path, kube_version=kube, values_text=world.values_text
        )
        documents = world.documents.load_all(text, "helm template")
    except Problem as problem:
        question = _question_of(problem.what, world.value_questions)
        return FactFailure("W10", problem.what, problem.next_step, question=question)
    finally:
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
    objects = [
        document
        for document in documents
        if isinstance(document, dict) and document.get("kind") and document.get("metadata")
    ]
    rendered = tuple(document for document in objects if not _is_test(document))
    if what := shape.wrong(rendered):
        return FactFailure("W10", f"the API server would refuse what the chart renders: {what}", _SHAPE)
    return Rendered(rendered, tuple(document for document in objects if _is_test(document)))


async def _unread(world: World, _: Mapping[str, Any]) -> tuple[tuple[str, str], ...] | Absent:
    """(path, nearest path that there is) of given values that the chart does not have."""
    chart = world.chart
    if not isinstance(chart, Chart) or world.values_problem:
        return Absent("waits for W10")

    def compare() -> tuple[tuple[str, str], ...]:
        given: Any = next(iter(world.documents.load_all(world.values_text, "the values")), {})
        known = {**chart.defaults, **chart.subcharts}
        paths = unused_values.unread(given or {}, known)
        return tuple((path, unused_values.nearest(path, known)) for path in paths[:_MOST_UNREAD])

    return await asyncio.to_thread(compare)


def _is_test(obj: Object) -> bool:
    hooks = str((obj["metadata"].get("annotations") or {}).get("helm.sh/hook", ""))
    return bool(_TESTS.intersection(part.strip() for part in hooks.split(",")))


def _question_of(message: str, questions: Mapping[str, str]) -> str:
    """The question whose value helm's message names, as in "at '/ingress/hosts/0/host': ...", longest path first."""
    for path in sorted(questions, key=len, reverse=True):
        pointer = "/" + path.replace("[", ".").replace("]", "").replace(".", "/")
        if f"'{pointer}" in message or path in message:
            return questions[path]
    return ""


# Access


async def _server(world: World, _: Mapping[str, Any]) -> Server | FactFailure:
    config = world.kubeconfig
    context = config.context(world.target.context) if config else None
    if config and config.refusal(world.target.context):
        return FactFailure("W03", "there is no usable context")
    address = context.server if context else ""
    try:
        version = await world.cluster.version(timed=True)
    except ClusterError as error:
        check = "W04" if error.kind in _LOGIN else "W05"
        return FactFailure(check, error.message, _ADDRESS.get(error.kind, ""), error.kind, "context")
    return Server(version["gitVersion"], int(version["latency_ms"]), address)


async def _kubernetes(_: World, inputs: Mapping[str, Any]) -> Any:
    """The server, or None: for checks that also apply without it."""
    return inputs["server"] if isinstance(inputs["server"], Server) else None


async def _identity(world: World, inputs: Mapping[str, Any]) -> Identity | FactFailure | Unknown | Absent:
    server = inputs["server"]
    if isinstance(server, FactFailure):
        return server if server.check == "W04" else Absent(f"waits for {server.check}")
    if not isinstance(server, Server):
        return Absent("waits for W05")
    try:
        return Identity(*await world.cluster.whoami())
    except ClusterError as error:
        if error.kind in _LOGIN:
            return FactFailure("W04", error.message, "", error.kind, "context")
        if error.kind == "not-found":
            return Unknown("the API server is too old to say who you are")
        raise


async def _namespace(world: World, _: Mapping[str, Any]) -> Namespace | Unknown:
    name = world.target.namespace
    try:
        live = await world.cluster.get("Namespace", name)
    except ClusterError as error:
        if error.kind == "not-found":
            return Namespace(name, "missing", await world.cluster.may("create", "Namespace"))
        if error.kind == "forbidden":
            return await _namespace_from_inside(world, error)
        raise
    if (live.get("status") or {}).get("phase") == "Terminating" or live["metadata"].get("deletionTimestamp"):
        waits = tuple(
            str(condition.get("message"))
            for condition in (live.get("status") or {}).get("conditions") or ()
            if condition.get("status") == "True" and condition.get("message")
        )
        return Namespace(name, "terminating", blocked_by=waits)
    labels, notes = labels_of(live), dict(live["metadata"].get("annotations") or {})
    level = str(labels.get(pod_security.LABEL) or "")
    return Namespace(name, "active", labels=labels, annotations=notes, pod_security=level)


async def _namespace_from_inside(world: World, forbidden: ClusterError) -> Namespace | Unknown:
    """A person with rights in the namespace alone may not get it, but a dry run inside it shows whether it exists."""
    name = world.target.namespace
    probe = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "llm-cost-ops-wizard-probe"}}
    try:
        await world.cluster.create(probe, name, dry_run=True)
    except ClusterError as error:
        if error.kind == "not-found":
            return Namespace(name, "missing", await world.cluster.may("create", "Namespace"))
        if "being terminated" in error.message:
            return Namespace(name, "terminating", blocked_by=(error.message,))
        if error.kind != "conflict":
            return _unknown(forbidden)
    return Namespace(name, "active")


async def _rights(world: World, inputs: Mapping[str, Any]) -> tuple[Right, ...]:
    made = needed_rights.of_made_secrets() if world.made_by_run else ()
    return await _may(world, (*needed_rights.of_objects(inputs["rendered"].objects), *made))


async def _record_rights(world: World, _: Mapping[str, Any]) -> tuple[Right, ...] | Absent:
    kind = listing.record_kind()
    if kind is None:
        return Absent("helm keeps its records outside of the cluster (HELM_DRIVER)")
    return await _may(world, needed_rights.of_records(kind))


async def _sight(world: World, _: Mapping[str, Any]) -> tuple[Right, ...]:
    return await _may(world, needed_rights.of_status())


async def _may(world: World, asked: Iterable[NeededRight]) -> tuple[Right, ...]:
    """Whether this person has each of these rights, each verb on a kind once."""
    rights = tuple({(right.verb, right.noun): right for right in asked}.values())
    answers = await asyncio.gather(*(_has(world, right) for right in rights), return_exceptions=True)
    found = []
    for right, answer in zip(rights, answers, strict=True):
        if isinstance(answer, ClusterError) and answer.kind == "not-found":
            continue  # the cluster does not serve the kind: the dry run reports that
        if isinstance(answer, BaseException):
            raise answer
        found.append(Right(right.verb, right.noun, answer))
    return tuple(found)


async def _has(world: World, right: NeededRight) -> bool:
    """Whether this person has it: on every object, which is one request, or else on each of its names."""

    async def may(name: str) -> bool:
        return await world.cluster.may(
            right.verb, right.kind, world.target.namespace, subresource=right.subresource, name=name
        )

    everywhere = await may("")
    return everywhere or (bool(right.names) and all(await asyncio.gather(*map(may, right.names))))


# Release


async def _release(world: World, _: Mapping[str, Any]) -> Release | Unknown:
    states = await listing.records(world.cluster, world.target.namespace)
    if isinstance(states, Unknown):
        return states
    mine = states.get(world.target.release, listing.ReleaseState())
    others = tuple(sorted(name for name in states if name != world.target.release))
    refused = listing.refused(mine, world.target)
    running = world.runs.get(world.target, "") if refused else ""
    return Release(mine.revision, mine.status, mine.since, others, refused, running, mine.kept)


async def _leaks(world: World, inputs: Mapping[str, Any]) -> Any:
    if not revision.installed(inputs["release"].revision, inputs["release"].status):
        return Absent("this is an install")
    return await leaks.look(world.cluster, world.documents, world.target, {})


async def _lease(world: World, inputs: Mapping[str, Any]) -> LeaseSeen | Absent:
    if inputs["namespace"].state == "missing":
        return Absent(NOT_THERE)
    target = world.target
    rights = await _may(world, needed_rights.of_lease(target))
    missing = tuple(right.verb for right in rights if not right.allowed)
    try:
        live = await world.cluster.get("Lease", lease.name(target.release), target.namespace)
    except ClusterError as error:
        if error.kind in ("not-found", "forbidden"):
            return LeaseSeen("", missing)
        raise
    holder = lease.holder(live, world.now())
    return LeaseSeen(lease.words(holder) if lease.of_another(holder, world.machine) else "", missing)


async def _helm_sees(world: World, _: Mapping[str, Any]) -> HelmSees | FactFailure | Absent:
    helm, target = world.helm, world.target
    if validate.release(target.release):
        return _NO_NAME
    if names := tuple(helm.overrides(target)):
        return HelmSees(0, names)

    try:
        rows, seen = await asyncio.gather(helm.list(target), _uids(world))
    except Problem as problem:
        return FactFailure("W06", problem.what, problem.next_step)
    mine = [row for row in rows if row.get("name") == target.release]
    revision = max((int(row["revision"]) for row in mine if row.get("revision", "").isdigit()), default=0)
    return HelmSees(revision, (), *seen)


async def _uids(world: World) -> tuple[str, str, str]:
    """What identifies the cluster, its uid and its uid for helm, which is asked at once for what most people may read."""
    helm, target = world.helm, world.target
    usual = asyncio.ensure_future(helm.uid_of(target, *cluster_identity.USUAL))
    try:
        mark = await cluster_identity.mark(world.cluster, target)
        if mark is None:
            return "", "", ""
        if (mark.kind, mark.name) == cluster_identity.USUAL:
            return mark.title, mark.uid, await usual
        return mark.title, mark.uid, await helm.uid_of(target, mark.kind, mark.name, mark.namespace)
    finally:
        usual.cancel()
        await asyncio.gather(usual, return_exceptions=True)


async def _owners(world: World, inputs: Mapping[str, Any]) -> tuple[Owned, ...] | Absent:
    if inputs["namespace"].state == "missing":
        return Absent(NOT_THERE)
    plain = [
        obj for obj in inputs["rendered"].objects if "helm.sh/hook" not in (obj["metadata"].get("annotations") or {})
    ]
    owners = await asyncio.gather(*(_owner(world, obj) for obj in plain))
    return tuple(owner for owner in owners if owner)


async def _owner(world: World, wanted: Object) -> Owned | None:
    kind, name = str(wanted["kind"]), str(wanted["metadata"]["name"])
    try:
        live = await world.cluster.get(kind, name, world.target.namespace, str(wanted.get("apiVersion", "")))
    except ClusterError as error:
        if error.kind in ("not-found", "forbidden"):  # missing rights are reported by another check
            return None
        raise
    metadata = live["metadata"]
    notes, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    owner = (notes.get("meta.helm.sh/release-name"), notes.get("meta.helm.sh/release-namespace"))
    if owner == (world.target.release, world.target.namespace) and labels.get("app.kubernetes.io/managed-by") == "Helm":
        return None
    holder = (
        f"release {owner[0]} in namespace {owner[1]}" if owner[0] else labels.get("app.kubernetes.io/managed-by", "")
    )
    return Owned(kind, name, holder or "nobody that helm knows")


# Cluster


async def _storage_classes(world: World, _: Mapping[str, Any]) -> tuple[StorageClass, ...]:
    classes = await world.cluster.list("StorageClass")
    return tuple(
        StorageClass(
            storage_class["metadata"]["name"],
            is_default_class(storage_class),
            str(storage_class.get("provisioner") or ""),
            storage_class.get("volumeBindingMode") != "WaitForFirstConsumer",
            storage_class.get("allowVolumeExpansion") is True,
            maps_of(storage_class, "allowedTopologies"),
        )
        for storage_class in classes
    )


async def _named_storage(_: World, inputs: Mapping[str, Any]) -> Any:
    """The storage classes, but only if a claim names one: without that no right is needed to see them."""
    named = any(spec.get("storageClassName") for _, spec in manifests.claims(inputs["rendered"].objects))
    return inputs["storage_classes"] if named else Absent("no claim names a storage class")


async def _every_ingress_class(world: World, _: Mapping[str, Any]) -> tuple[NamedClass, ...]:
    classes = await world.cluster.list("IngressClass")
    return tuple(
        NamedClass(
            ingress_class["metadata"]["name"],
            is_default_class(ingress_class),
            str((ingress_class.get("spec") or {}).get("controller", "")),
        )
        for ingress_class in classes
    )


async def _ingress_classes(_: World, inputs: Mapping[str, Any]) -> Any:
    """The ingress classes, but only where an Ingress is installed: without that no right is needed to see them."""
    return inputs["every_ingress_class"] if inputs["rendered"].of("Ingress") else Absent("no Ingress is installed")


async def _ways(world: World, inputs: Mapping[str, Any]) -> WaysSeen | Absent:
    rendered, known = inputs["rendered"], inputs["ingress_classes"]
    kinds = [kind for kind in ("Ingress", "HTTPRoute") if rendered.of(kind)]
    if not kinds:
        return Absent("no Ingress or HTTPRoute is installed")
    listed = await asyncio.gather(*(world.cluster.list(kind) for kind in kinds))
    classes = known if isinstance(known, tuple) else ()
    return WaysSeen(
        tuple(obj for objects in listed for obj in objects),
        Classes(next((one.name for one in classes if one.default), ""), {one.name: one.controller for one in classes}),
    )


async def _secrets(world: World, inputs: Mapping[str, Any]) -> tuple[SecretSeen, ...]:
    rendered: Rendered = inputs["rendered"]
    own = {secret["metadata"]["name"] for secret in rendered.of("Secret")} | world.made_by_run
    roles = manifests.secret_roles(rendered.objects)
    uses = [
        SecretUse(name, keys, user, world.secret_questions.get(name, ""), roles.get(name, ()))
        for name, (keys, user) in manifests.secrets_used(rendered.objects).items()
        if name not in own
    ]
    return tuple(await asyncio.gather(*(_seen(world, use) for use in (*uses, *world.extra_secrets))))


async def _seen(world: World, use: SecretUse) -> SecretSeen:
    values = await _values(world, use.name)
    if values is None:
        return SecretSeen(use, there=False)
    judged = {key: values[key] for key, _ in use.roles if key in values}
    empty = tuple(sorted(key for key, value in values.items() if not value.reveal()))
    return SecretSeen(use, True, tuple(sorted(values)), empty, judged)


async def _values(world: World, name: str) -> Mapping[str, Secret] | None:
    """The values of a Secret by key; None when it is not there."""
    try:
        return await world.cluster.secret(name, world.target.namespace)
    except ClusterError as error:
        if error.kind == "not-found":
            return None
        raise


async def _certificates(world: World, inputs: Mapping[str, Any]) -> tuple[CertificateSeen, ...] | Absent:
    wanted, reader = manifests.certificates(inputs["rendered"].objects), world.certificates
    if not wanted or not reader:
        return Absent("no certificate is given by file or Secret")
    return tuple(await asyncio.gather(*(_certificate(world, reader, name, hosts) for name, hosts in wanted.items())))


async def _certificate(world: World, reader: CertificateReader, name: str, hosts: tuple[str, ...]) -> CertificateSeen:
    """The certificate of the two files that the run makes a Secret of, or that of an existing Secret."""
    now = world.now()
    if name in world.made_by_run and world.tls_files:
        try:
            read = await asyncio.to_thread(world.tls_files)
        except Problem as problem:
            return CertificateSeen("files", hosts, now, None, problem, problem.question)
        return CertificateSeen("certificate file", hosts, now, read.chain, None, CERT_QUESTION)
    source, question = f"Secret {name}", world.secret_questions.get(name, "")
    values = await _values(world, name)
    if values is None or not values.keys() >= set(_TLS_KEYS):  # another check reports it
        return CertificateSeen(source, hosts, now, question=question)
    certificate, key = (
        Named(f"{part} of {source}", values[part].reveal().encode("utf-8", "surrogateescape")) for part in _TLS_KEYS
    )
    try:
        chain = await asyncio.to_thread(reader.chain, certificate, key)
    except Problem as problem:
        return CertificateSeen(source, hosts, now, None, problem, question)
    return CertificateSeen(source, hosts, now, chain, None, question)


async def _kept_data(world: World, inputs: Mapping[str, Any]) -> tuple[KeptData, ...]:
    asked = [
        _kept(world, claim, secret, world.database_secrets[secret])
        for claim, secret in manifests.data_claims(inputs["rendered"].objects, world.database_secrets)
    ]
    return tuple(kept for kept in await asyncio.gather(*asked) if kept)


async def _kept(world: World, claim: str, secret: str, how: Literal["generate", "file"]) -> KeptData | None:
    if not await _is_there(world, "PersistentVolumeClaim", claim) or await _is_there(world, "Secret", secret):
        return None
    return KeptData(claim, secret, how)


async def _is_there(world: World, kind: str, name: str) -> bool:
    try:
        await world.cluster.get(kind, name, world.target.namespace)
    except ClusterError as error:
        if error.kind == "not-found":
            return False
        raise
    return True


async def _brought(world: World, inputs: Mapping[str, Any]) -> brought.Kinds:
    """The kinds that the chart itself brings, of those that are not served: an install makes them first."""
    release: Release = inputs["release"]
    if revision.installed(release.revision, release.status):
        return frozenset()
    there = {(resource.kind, resource.api_version) for resource in inputs["served"]}
    away = [obj for obj in inputs["rendered"].objects if (obj["kind"], obj.get("apiVersion")) not in there]
    return await brought.kinds(world.helm, world.documents, inputs["chart"].path, away)


async def _dry_run(world: World, inputs: Mapping[str, Any]) -> DryRun | Absent:
    namespace: Namespace = inputs["namespace"]
    if namespace.state == "missing":
        return Absent(NOT_THERE)
    if namespace.state == "terminating":
        return Absent("waits for R01")
    release = inputs["release"]
    upgrade = isinstance(release, Release) and revision.installed(release.revision, release.status)
    new_kinds = inputs["brought"] if isinstance(inputs["brought"], frozenset) else frozenset()
    objects = tuple(obj for obj in inputs["rendered"].objects if brought.kind_of(obj) not in new_kinds)
    if upgrade and (planned := await _planned(world, objects)) is not None:
        return planned
    answers = await asyncio.gather(*(_try(world, obj, upgrade=upgrade) for obj in objects))
    refused = tuple(answer for answer in answers if isinstance(answer, Refused))
    unknown = tuple(dict.fromkeys(answer for answer in answers if isinstance(answer, str)))
    return DryRun(len(objects), refused, "apply" if upgrade else "create", unknown)


async def _planned(world: World, objects: tuple[Object, ...]) -> DryRun | None:
    """The dry run of an upgrade, with the requests of helm; None when helm's record of what runs is unreadable."""
    try:
        plans = await release_plan.tried(world.cluster, await world.helm.info(), world.documents, world.target, objects)
    except Problem:
        return None
    refused = [
        Refused(
            planned.kind,
            planned.name,
            tuple(
                f"{refusal.path}: {refusal.words}" if refusal.path else refusal.words for refusal in planned.refusals
            ),
        )
        for planned in plans
        if planned.change == "refused" and not any(refusal.words.startswith(plan.TAKEN) for refusal in planned.refusals)
    ]
    unknown = tuple(dict.fromkeys(planned.note for planned in plans if planned.change == "unknown"))
    return DryRun(len(objects), tuple(refused), "apply", unknown)


async def _try(world: World, obj: Object, *, upgrade: bool) -> Refused | str | None:
    send = world.cluster.apply if upgrade else world.cluster.create
    try:
        await send(obj, world.target.namespace, dry_run=True)
    except ClusterError as error:
        kind, name = str(obj["kind"]), str(obj["metadata"]["name"])
        if error.kind == "conflict" and not upgrade:
            return None  # it exists already; another check reports its owner
        if not judged(error):
            return error.message.rstrip(".")
        return Refused(kind, name, _words(error))
    return None


def _words(error: ClusterError) -> tuple[str, ...]:
    """Each field error of the API server, or its message."""
    causes = ((error.body or {}).get("details") or {}).get("causes") or ()
    fields = tuple(
        f"{cause['field']}: {cause['message']}" for cause in causes if cause.get("field") and cause.get("message")
    )
    return fields or (error.message,)


COLLECTORS: Final[Mapping[str, Collector]] = {
    "target": Collector(_target),
    "logout": Collector(_logout),
    "kubeconfig": Collector(_kubeconfig),
    "helm": Collector(_helm),
    "chart": Collector(_chart),
    "server": Collector(_server, lasts=10.0),
    "kubernetes": Collector(_kubernetes, after=("server",)),
    "identity": Collector(_identity, after=("server",), lasts=60.0),
    "unread": Collector(_unread, needs=("chart",)),
    "rendered": Collector(_rendered, needs=("helm", "chart"), after=("server",), limit=60.0),
    "namespace": Collector(_namespace, needs=("server",), lasts=10.0),
    "rights": Collector(_rights, needs=("server", "rendered")),
    "record_rights": Collector(_record_rights, needs=("server",)),
    "sight": Collector(_sight, needs=("server",)),
    "release": Collector(_release, needs=("server",), lasts=10.0),
    "leaks": Collector(_leaks, needs=("server", "release")),
    "lease": Collector(_lease, needs=("server", "namespace")),
    "helm_sees": Collector(_helm_sees, needs=("server", "helm"), limit=30.0, ahead=True),
    "owners": Collector(_owners, needs=("server", "rendered", "namespace")),
    "storage_classes": Collector(_storage_classes, needs=("server",), lasts=60.0),
    "named_storage": Collector(_named_storage, needs=("server", "rendered"), after=("storage_classes",)),
    "every_ingress_class": Collector(_every_ingress_class, needs=("server",), lasts=60.0),
    "ingress_classes": Collector(_ingress_classes, needs=("server", "rendered"), after=("every_ingress_class",)),
    "ways": Collector(_ways, needs=("server", "rendered"), after=("ingress_classes",)),
    "secrets": Collector(_secrets, needs=("server", "rendered")),
    "certificates": Collector(_certificates, needs=("server", "rendered")),
    "kept_data": Collector(_kept_data, needs=("server", "rendered")),
    "probe": Collector(room.probe, needs=("server", "rendered", "namespace"), limit=20.0),
    "admitted": Collector(room.admitted, after=("probe",)),
    "tried": Collector(room.tried, after=("probe",)),
    "placed": Collector(room.placed, needs=("rendered", "nodes", "pods"), after=("admitted",), limit=20.0),
    "preset": Collector(addons.preset),
    "metrics_api": Collector(addons.metrics_api, needs=("server", "rendered")),
    "cert_manager": Collector(addons.cert_manager, needs=("server", "rendered"), after=("pods",)),
    "controllers": Collector(addons.controllers, after=("pods",)),
    "served": Collector(policy.served, needs=("server",)),
    "brought": Collector(_brought, needs=("rendered", "chart", "served", "release"), limit=30.0),
    "limit_ranges": Collector(policy.limit_ranges, needs=("server", "namespace")),
    "webhooks": Collector(policy.webhooks, needs=("server", "rendered", "namespace", "served"), after=("release",)),
    "neighbours": Collector(
        policy.neighbours, needs=("server", "rendered", "namespace"), after=("pods", "ingress_classes")
    ),
    "balancers": Collector(outside.balancers, needs=("server", "rendered")),
    "prometheuses": Collector(outside.prometheuses, needs=("server", "rendered", "served")),
    "synced_secrets": Collector(outside.synced_secrets, needs=("server", "namespace", "served", "secrets")),
    "database": Collector(database.seen, needs=("server", "rendered", "namespace")),
    "database_probe": Collector(
        database.tried, needs=("server", "rendered", "namespace", "database"), limit=database.LIMIT
    ),
    "running": Collector(upgrade.running, needs=("server", "release")),
    "touched": Collector(upgrade.touched, needs=("server", "release")),
    "new_defaults": Collector(upgrade.new_defaults, needs=("chart",)),
    "clock": Collector(upgrade.clock, needs=("server",)),
    "secret_files": Collector(upgrade.secret_files),
    "live_claims": Collector(storage.live_claims, needs=("server", "rendered", "namespace")),
    "disk_room": Collector(
        storage.disk_room, needs=("server", "rendered", "storage_classes"), after=("live_claims", "csi_drivers")
    ),
    "disk_nodes": Collector(storage.disk_nodes, needs=("server", "rendered", "storage_classes"), after=("nodes",)),
    "hosts": Collector(storage.hosts, after=("nodes",)),
    "csi_drivers": Collector(addons.csi_drivers, needs=("server", "rendered")),
    "backups": Collector(addons.backups, needs=("server", "rendered", "release", "namespace")),
    "owner": Collector(addons.owner, needs=("server", "release", "namespace")),
    "names": Collector(addons.names, needs=("rendered",)),
    "nodes": Collector(room.nodes, needs=("server",), lasts=60.0),
    "own_pods": Collector(room.own_pods, needs=("server", "namespace"), lasts=30.0),
    "pods": Collector(room.pods, needs=("server",), lasts=60.0),
    "services": Collector(room.services, needs=("server", "namespace"), lasts=30.0),
    "quotas": Collector(room.quotas, needs=("server", "namespace"), lasts=30.0),
    "pull_logins": Collector(images.pull_logins, needs=("server", "rendered")),
    "images": Collector(
        images.images, needs=("server", "rendered"), after=("admitted", "pull_logins", "nodes"), limit=16.0
    ),
    "dry_run": Collector(_dry_run, needs=("server", "rendered", "namespace"), after=("release", "brought"), limit=30.0),
}
"""Fact -> its collector."""
