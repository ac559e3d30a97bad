"""Asks whether people reach a release: from this machine by each of its ways in, else by a port-forward.

It is asked beside what a front end shows already, has a time limit of its own, changes nothing and never raises.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from wizard.core.kube import membership
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.core.reach import request, verdict, ways
from wizard.core.reach.request import Answer, Request
from wizard.core.reach.result import Reach
from wizard.core.reach.verdict import Forwarded
from wizard.core.reach.ways import Inside, Way
from wizard.core.rules.snapshot import Snapshot
from wizard.core.target import Target
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster
from wizard.ports.network import Network

SECONDS: Final = 3.0
"""How long it is asked where nothing waits for it."""
MOST: Final = 5
"""Ways in that are asked."""
_NAMESPACED: Final = ("Deployment", "StatefulSet", "DaemonSet", "Pod", "Service", "Ingress")
_DOORS: Final = ("Ingress", "Service")
_FIRST: Final = 0.7
"""Part of the time for the request by a name: one by the address may follow."""
_ALONE: Final = 0.4
"""Part of the time for the objects, and until a port-forward is tried beside requests that go on."""
_NONSENSE: Final = Reach("unknown", "not asked: objects of the release are not what they should be")


async def of_release(
    cluster: Cluster, network: Network, target: Target, clock: Clock, seconds: float = SECONDS
) -> Reach:
    """The answer for a release of which nothing was read yet."""
    began = asyncio.get_running_loop().time()
    kinds: dict[str, tuple[Object, ...]] = {}

    async def read(kind: str, namespace: str) -> None:
        try:
            kinds[kind] = await cluster.list(kind, namespace)
        except ClusterError:
            return  # a kind that is missing counts as hidden below

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds * _ALONE):
            await asyncio.gather(*(read(kind, target.namespace) for kind in _NAMESPACED))
            if any((service.get("spec") or {}).get("type") == "NodePort" for service in kinds.get("Service", ())):
                await read("Node", "")
    every = {str(obj["metadata"]["uid"]): obj for kind in _NAMESPACED for obj in kinds.get(kind, ())}
    snapshot = Snapshot(
        membership.of(every, target.release, target.namespace), (), clock.now(),
        around={str(node["metadata"]["uid"]): node for node in kinds.get("Node", ())},
        namespace=target.namespace, release=target.release, context=target.context,
        hidden=frozenset(kind for kind in _NAMESPACED if kind not in kinds),
    )  # fmt: skip
    return await of_snapshot(cluster, network, target, snapshot, seconds - (asyncio.get_running_loop().time() - began))


async def of_snapshot(
    cluster: Cluster, network: Network, target: Target, snapshot: Snapshot, seconds: float = SECONDS, *,
    forward: bool = True,
) -> Reach:  # fmt: skip
    """The answer for a release whose objects were read, within so many seconds; `forward`: by a port-forward if need be."""
    until = asyncio.get_running_loop().time() + seconds
    snapshot = await _with_routes(cluster, target, snapshot, seconds * _ALONE)
    try:
        every, pod = ways.ways(snapshot), ways.inside(snapshot)
    except (LookupError, TypeError, ValueError, AttributeError):
        return _NONSENSE
    met: dict[Way, list[Answer]] = {way: [] for way in every[:MOST]}
    asking = [asyncio.ensure_future(_ask(cluster, network, target, way, met[way], until)) for way in met]
    await _within(seconds * _ALONE, *asking)
    forwarded: list[Forwarded] = []
    if forward and pod and not (met and all(answers and answers[-1].good for answers in met.values())):
        forwarded.append(Forwarded(pod, why=f"no answer within {seconds:.2g} s"))
        asking.append(asyncio.ensure_future(_forward(cluster, target, pod, forwarded, until)))
    await _within(_left(until), *asking)
    await _end(asking)
    found = [verdict.judged(way, answers, snapshot.now, seconds) for way, answers in met.items()]
    unseen = sorted(snapshot.hidden & {*_DOORS})
    result = forwarded[-1] if forwarded else None
    return verdict.overall(found, len(every) - len(found), result, _command(snapshot, pod), unseen)


def _left(until: float) -> float:
    return max(0.0, until - asyncio.get_running_loop().time())


async def _within(seconds: float, *tasks: asyncio.Future[Any]) -> None:
    """Wait for tasks, at most so long; they go on."""
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)


async def _end(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Cancel what still goes on; the error of a task is raised here and not lost."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


async def _with_routes(cluster: Cluster, target: Target, snapshot: Snapshot, seconds: float) -> Snapshot:
    """The snapshot with the release's HTTPRoutes and their Gateways; without them where there are none, or no right."""
    if "HTTPRoute" in snapshot.seen:
        return snapshot  # whoever made it knows that there is none

    async def gateway(namespace: str, name: str) -> Object | None:
        try:
            return await cluster.get("Gateway", name, namespace)
        except ClusterError:
            return None

    try:
        async with asyncio.timeout(seconds):
            listed = {
                str(route["metadata"]["uid"]): route for route in await cluster.list("HTTPRoute", target.namespace)
            }
            routes = membership.of(listed, target.release, target.namespace)
            named = {parent for route in routes.values() for parent in ways.parents(route, target.namespace)}
            gateways = await asyncio.gather(*(gateway(*parent) for parent in sorted(named)))
    except (ClusterError, TimeoutError):
        return snapshot
    around = _by_uid(gateway for gateway in gateways if gateway)
    return replace(snapshot, objects={**snapshot.objects, **routes}, around={**snapshot.around, **around})


def _by_uid(objects: Iterable[Object]) -> Mapping[str, Object]:
    return {str(obj["metadata"]["uid"]): obj for obj in objects}


async def _ask(cluster: Cluster, network: Network, target: Target, way: Way, met: list[Answer], until: float) -> None:
    """Ask by the name, and by the object's own address where the name does not lead there."""

    async def ask(wanted: Request, most: float) -> Answer:
        answer = await network.ask(wanted, most)
        if (secure := request.to_https(wanted, answer)) is not None:
            wanted, answer = secure, replace(await network.ask(secure, _left(until)), redirected=secure.url)
        if answer.why == "untrusted" and way.secret and (authority := await _authority(cluster, target, way.secret)):
            again = await network.ask(replace(wanted, authority=authority), _left(until))
            answer = replace(again, redirected=answer.redirected)
        return answer

    if by_name := way.request():
        met.append(await ask(by_name, _left(until) * _FIRST))
        if (address := verdict.via(way, met[0])) and (direct := way.request(address)):
            met.append(await ask(direct, _left(until)))


async def _authority(cluster: Cluster, target: Target, secret: str) -> str:
    """The authority that the certificate's Secret names, PEM; "" where it names none or may not be read."""
    try:
        values = await cluster.secret(secret, target.namespace)
    except ClusterError:
        return ""
    return values["ca.crt"].reveal() if "ca.crt" in values else ""


async def _forward(cluster: Cluster, target: Target, pod: Inside, result: list[Forwarded], until: float) -> None:
    try:
        status = await cluster.ask_pod(target.namespace, pod.pod, pod.port, pod.path, _left(until))
    except ClusterError as error:
        result.append(Forwarded(pod, why=error.message.rstrip("."), right=error.permission))
    else:
        result.append(Forwarded(pod, status))


def _command(snapshot: Snapshot, pod: Inside | None) -> str:
    """The port-forward that a person would type."""
    if pod is None:
        return ""
    return snapshot.command("kubectl", "port-forward", f"service/{pod.service}", f"8080:{pod.service_port}")
