"""Collectors of the external database: what reads tell about its address, and, when asked for, the pod that tries it.

The pod is the only thing that a check ever makes. It is made only with `World.probes`, is deleted whatever happens, ends by itself
when the wizard cannot delete it, and takes away with it what an earlier one left.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from wizard.core.kube import network_policy, status
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.network_policy import End
from wizard.core.kube.objects import Object
from wizard.core.limits import map_of, maps_of, text_of
from wizard.core.postgres import client as postgres
from wizard.core.postgres.client import Client
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import DatabaseSeen, DatabaseTried, Rendered
from wizard.core.target import Target
from wizard.core.text.redaction import hide
from wizard.core.text.time import parse_time
from wizard.engine.preflight import services
from wizard.engine.preflight.world import World

SECONDS: Final = 30.0
"""How long a probe waits for its pod to start and to answer."""
LIMIT: Final = SECONDS + 15.0
_POLL_SECONDS: Final = 0.3
_DNS_SECONDS: Final = 2.0
_CLEAN_SECONDS: Final = 10.0
_MOST_LINES: Final = 200
_HOPELESS: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError"}
)  # fmt: skip
"""Reasons of a waiting container that do not go away within the time."""
_RIGHTS: Final = (
    ("create", "Pod", ""),
    ("list", "Pod", ""),
    ("delete", "Pod", ""),
    ("get", "Pod", "log"),
)


def text(target: Target) -> str:
    """What the probe makes, for the person, before it is made."""
    return (
        f"The probe makes one pod in namespace {target.namespace} that logs in to the external database as the application would and reads "
        f"what it may do there. It changes nothing in the database, and the pod is deleted after {SECONDS:.0f} s at the latest."
    )


async def seen(world: World, inputs: Mapping[str, Any]) -> DatabaseSeen | Absent:
    """The external database's address, and the Service that it names."""
    rendered: Rendered = inputs["rendered"]
    found = postgres.client(rendered.objects, rendered.tests)
    if found is None:
        return Absent("no client of PostgreSQL is rendered (tests.enabled=false)")
    if any(one["metadata"].get("name") == found.host for one in rendered.of("Service")):
        return Absent("the database is the bundled one")
    name, _, rest = found.host.partition(".")
    space, _, more = rest.partition(".")
    if _is_address(found.host):
        return DatabaseSeen(found)
    if not rest:
        space = world.target.namespace
    certain = not rest or more == "svc" or more.startswith("svc.")
    if certain or not more:
        return await _of_service(world, found, space, name, certain=certain)
    return await _outside(world, found)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _of_service(world: World, found: Client, space: str, name: str, *, certain: bool) -> DatabaseSeen:
    """The Service; `certain`: the host can be nothing else, as x.y may be a name outside too."""
    it = await services.look(world, space, name)
    if it.state == "another name":
        return DatabaseSeen(found)
    if not certain and not it.ports and it.state in ("missing", "hidden"):
        return await _outside(world, found)
    return DatabaseSeen(found, f"{space}/{name}", it.state, it.ports, it.permission)


async def _outside(world: World, found: Client) -> DatabaseSeen:
    addresses = await world.network.addresses(found.host, _DNS_SECONDS) if world.network else None
    return DatabaseSeen(found, resolves=None if addresses is None else bool(addresses))


async def tried(world: World, inputs: Mapping[str, Any]) -> DatabaseTried | None:
    """What a pod in the namespace says of the database; None when nobody asked for it."""
    if not world.probes:
        return None
    target, database = world.target, inputs["database"].client
    if inputs["namespace"].state != "active":
        return DatabaseTried(
            problem=f"no pod can be made: namespace {target.namespace} is not there",
            next_step=f"Make it (kubectl create namespace {target.namespace}), then check --probe again.",
        )
    try:
        if missing := await _missing_rights(world):
            rights = "; ".join(missing)
            return DatabaseTried(
                problem=f"you may not make such a pod: {rights} in {target.namespace}",
                next_step=f"To settle it: {rights}.",
            )
        await _remove_leftovers(world)
        labels = postgres.probe_labels(
            database,
            postgres.app(inputs["rendered"].objects),
            await _services(world, inputs["rendered"]),
            target.release,
        )
    except ClusterError as error:
        return DatabaseTried(problem=f"no pod can be made: {error.message}", next_step="Try again.")
    return await _by_pod(world, inputs, database, labels)


async def _missing_rights(world: World) -> list[str]:
    answers = await asyncio.gather(
        *(world.cluster.may(verb, kind, world.target.namespace, subresource=sub) for verb, kind, sub in _RIGHTS)
    )
    nouns = (f"{verb} pods{f'/{sub}' if sub else ''}" for verb, _, sub in _RIGHTS)
    return [noun for noun, allowed in zip(nouns, answers, strict=True) if not allowed]


async def _services(world: World, rendered: Rendered) -> tuple[Object, ...]:
    """Every Service that may select the pod."""
    try:
        return (*rendered.of("Service"), *await world.cluster.list("Service", world.target.namespace))
    except ClusterError:
        return rendered.of("Service")  # the pod is never ready, so no other one sends requests to it


async def _remove_leftovers(world: World) -> None:
    """Delete pods of earlier probes of this release that have ended, or must have; one that is at work stays."""
    space, now = world.target.namespace, world.now()
    for pod in await world.cluster.list("Pod", space, labels=f"{postgres.PROBE_LABEL}={world.target.release}"):
        made = parse_time(status.created(pod))
        old = made is not None and now - made > timedelta(seconds=postgres.LIFE_SECONDS)
        if old or map_of(pod, "status").get("phase") in ("Succeeded", "Failed"):
            await _delete(world, str(pod["metadata"]["name"]), str(pod["metadata"].get("uid") or ""))


async def _delete(world: World, name: str, uid: str = "") -> str:
    """Delete the pod, only the one of that uid when it is given; returns why it may still be there, "" when it is not."""
    try:
        await world.cluster.delete("Pod", name, world.target.namespace, uid=uid)
    except ClusterError as error:
        return "" if error.kind in ("not-found", "conflict") else f"{name}: {error.message}"
    return ""


async def _by_pod(
    world: World, inputs: Mapping[str, Any], database: Client, labels: Mapping[str, str]
) -> DatabaseTried:
    rendered: Rendered = inputs["rendered"]
    name = f"{world.target.release[:40].rstrip('-.')}-database-probe-{secrets.token_hex(3)}"
    manifest = postgres.pod(database, postgres.app(rendered.objects), labels, name)
    # Not cancelled in the middle: a request that is on its way may make the pod after it was deleted.
    making = asyncio.ensure_future(world.cluster.create(manifest, world.target.namespace))
    left = ""
    try:
        await asyncio.shield(making)
        lines, problem, next_step = await _answer(world, name)
    except ClusterError as error:
        refused = making.done() and making.exception() is error
        lines, problem = (), f"the pod of the probe {'is refused' if refused else 'cannot be read'}: {error.message}"
        next_step = "Correct that, or ask an administrator." if refused else "Try again."
    finally:
        left = await asyncio.shield(_clean(world, making, name))
    own = {str(one["metadata"].get("name")) for one in rendered.of("Secret")} | world.made_by_run
    without = await _not_there(world, database) if database.secret else ""
    cut_by = await _cut_by(world, rendered, database, labels)
    return DatabaseTried(lines, problem, next_step, without, bool(without) and database.secret in own, cut_by, left)


async def _clean(world: World, making: asyncio.Future[Object], name: str) -> str:
    """Delete the pod once the request that makes it is over; returns why it is left, "" when it is not."""
    await asyncio.wait([making], timeout=_CLEAN_SECONDS)
    error = making.exception() if making.done() and not making.cancelled() else None
    if isinstance(error, ClusterError) and 400 <= error.status < 500:
        return ""  # it was never made
    return await _delete(world, name)


async def _not_there(world: World, database: Client) -> str:
    """What of the password is not there; "" when it is, or when that is hidden."""
    try:
        secret = await world.cluster.get("Secret", database.secret, world.target.namespace, sealed=True)
    except ClusterError as error:
        return f"Secret {database.secret}" if error.kind == "not-found" else ""
    return "" if map_of(secret, "data").get(database.key) else f"key {database.key} of Secret {database.secret}"


async def _answer(world: World, name: str) -> tuple[tuple[str, ...], str, str]:
    """(lines of the log, why there is no whole answer, next step) of a pod that was made."""
    space = world.target.namespace
    waiting = "it did not start"
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SECONDS
    while loop.time() < deadline:
        listed = await world.cluster.list("Pod", space, fields=f"metadata.name={name}")
        if not listed:
            return (), f"somebody deleted Pod/{name}", "Try again."
        state, waiting = _state(listed[0])
        if state == "ended":
            return await _log(world, name), "", ""
        if state == "hopeless":
            return (), f"the pod of the probe did not start: {waiting}", "Correct that, or try again."
        await asyncio.sleep(_POLL_SECONDS)
    if state == "running":
        return await _log(world, name), f"no whole answer within {SECONDS:.0f} s", "Try again."
    return (
        (),
        f"the pod of the probe did not start within {SECONDS:.0f} s: {waiting}",
        "Try again: an image that is pulled by then starts sooner.",
    )


def _state(pod: Object) -> tuple[str, str]:
    """("ended", "running", "hopeless" or "waiting", what it waits for)."""
    said = map_of(pod, "status")
    if said.get("phase") in ("Succeeded", "Failed"):
        return "ended", ""
    container = next(iter(maps_of(said, "containerStatuses")), {})
    if "running" in map_of(container, "state"):
        return "running", ""
    waits = map_of(map_of(container, "state"), "waiting")
    reason, message = text_of(waits, "reason"), text_of(waits, "message")
    if reason:
        return "hopeless" if reason in _HOPELESS else "waiting", f"{reason}{f': {message}' if message else ''}"
    placed = status.condition(pod, "PodScheduled")
    return "waiting", str(placed.get("message") or placed.get("reason") or "it has no node yet")


async def _log(world: World, name: str) -> tuple[str, ...]:
    """The log, sanitised by the port and without what looks like a secret."""
    lines: list[str] = []
    async for batch in world.cluster.logs(
        world.target.namespace, name, postgres.CONTAINER, follow=False, tail_lines=_MOST_LINES
    ):
        lines += [hide(line.text) for line in batch]
    return tuple(lines[:_MOST_LINES])


async def _cut_by(world: World, rendered: Rendered, database: Client, labels: Mapping[str, str]) -> tuple[str, ...]:
    """The policies that are there and keep the probe's pod from the database, when the app's pods may reach it."""
    like = postgres.app(rendered.objects)
    if like is None:
        return ()
    try:
        there = await world.cluster.list("NetworkPolicy", world.target.namespace)
    except ClusterError:
        return ()
    spec = like.spec

    def cut(policies: tuple[Object, ...], of: Mapping[str, Any]) -> tuple[str, ...]:
        pod = End(world.target.namespace, of, spec)
        return network_policy.cutting(policies, "Egress", pod, End("", {}, {}), database.port)

    return () if cut((*there, *rendered.of("NetworkPolicy")), like.labels) else cut(there, labels)
