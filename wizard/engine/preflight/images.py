"""Collectors of images: the logins of pull Secrets, what registries say of the images, which nodes have them already."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Mapping
from typing import Any, Final

from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object, containers
from wizard.core.registry import logins as pull_secret
from wizard.core.registry import reference
from wizard.core.registry.answer import Answer
from wizard.core.rules import manifests
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import ImageSeen, PullLogin, Rendered
from wizard.core.text.secrets import Secret
from wizard.engine import images as asking
from wizard.engine.preflight.suggestions import is_sandbox
from wizard.engine.preflight.world import World

_MAY_NOT_READ: Final = PullLogin((), "may not be read")
Workloads = dict[tuple[str, tuple[str, ...]], list[str]]
"""(image, its pull Secrets) -> the workloads that run it so."""


async def pull_logins(world: World, inputs: Mapping[str, Any]) -> Mapping[str, PullLogin] | Absent:
    """By pull Secret that is there: the registries that it has a login for."""
    rendered: Rendered = inputs["rendered"]
    own = {secret["metadata"]["name"] for secret in rendered.of("Secret")}
    wanted = sorted(set(manifests.pull_secrets(rendered.objects)) - own)
    if not wanted:
        return Absent("no pull secret is named")
    found = await asyncio.gather(*(_login(world, name) for name in wanted))
    return {name: login for name, login in zip(wanted, found, strict=True) if login}


async def _login(world: World, name: str) -> PullLogin | None:
    try:
        return _of_values(await world.cluster.secret(name, world.target.namespace))
    except ClusterError as error:
        if error.kind == "not-found":
            return None  # K02 reports it
        raise


def _of_values(values: Mapping[str, Secret]) -> PullLogin:
    key = next((key for key in pull_secret.KEYS if key in values), "")
    try:
        registries, logins = pull_secret.read(values[key].reveal() if key else "", key)
    except ValueError:
        return PullLogin((), f"is no list of registry logins ({pull_secret.KEYS[0]})")
    return PullLogin(registries, "", logins)


async def images(world: World, inputs: Mapping[str, Any]) -> tuple[ImageSeen, ...] | Absent:
    """Every image of the workloads, with the answer of its registry and the nodes that have it.

    A sandbox pulls nothing: only registries of this machine are asked for it, and names that no node takes are still wrong. For
    any other cluster those are not asked: each node takes such a name for itself.
    """
    rendered: Rendered = inputs["rendered"]
    sandbox = is_sandbox(world.target.context)
    workloads = _workloads(rendered, inputs["admitted"])
    if sandbox:
        workloads = {key: owners for key, owners in workloads.items() if _is_judged(key[0])}
    if world.typing:
        workloads = {key: owners for key, owners in workloads.items() if _is_whole(key[0])}
    if world.registries is None or not workloads:
        return Absent("a sandbox pulls no image" if sandbox else "no image is run")
    known = await _known_logins(
        world, rendered, inputs["pull_logins"], {name for _, names in workloads for name in names}
    )
    answers = await _answers(world, workloads, known, here=sandbox)
    nodes = inputs["nodes"] if isinstance(inputs["nodes"], tuple) else ()
    held = _held(nodes)
    return tuple(
        ImageSeen(image, tuple(owners), answer, names, held.get(_canonical(image), ()), len(nodes))
        for ((image, names), owners), answer in zip(workloads.items(), answers, strict=True)
    )


def _is_judged(image: str) -> bool:
    """Whether an image says something of a sandbox: its registry is this machine, or no node takes its name."""
    try:
        return reference.parse(image).is_here
    except ValueError:
        return True


def _is_whole(image: str) -> bool:
    """Whether a name ends with a tag or digest, so that nothing is missing at its end."""
    return "@" in image or ":" in image.rpartition("/")[2]


def _workloads(rendered: Rendered, admitted: Mapping[str, Mapping[str, Any]]) -> Workloads:
    accounts = {obj["metadata"]["name"]: obj for obj in rendered.of("ServiceAccount")}
    found: Workloads = {}
    for owner, spec in manifests.pods(rendered.objects):
        named = spec.get("imagePullSecrets") or admitted.get(owner, {}).get("imagePullSecrets")
        account = accounts.get(spec.get("serviceAccountName") or spec.get("serviceAccount"), {})
        names = tuple(str(one.get("name")) for one in named or account.get("imagePullSecrets") or ())
        for image in dict.fromkeys(str(one.get("image") or "") for one in containers(spec)):
            if image:
                found.setdefault((image, names), []).append(owner)
    return found


async def _known_logins(world: World, rendered: Rendered, read: Any, wanted: Iterable[str]) -> Mapping[str, PullLogin]:
    """The logins of the wanted pull Secrets that are there or rendered."""
    known: dict[str, PullLogin] = dict(read) if isinstance(read, Mapping) else {}
    known |= {obj["metadata"]["name"]: _of_values(_values(obj)) for obj in rendered.of("Secret")}
    more = sorted(set(wanted) - known.keys())
    found = await asyncio.gather(*(_login(world, name) for name in more), return_exceptions=True)
    for name, login in zip(more, found, strict=True):
        if isinstance(login, PullLogin):
            known[name] = login
        elif login is not None:
            known[name] = _MAY_NOT_READ
    return known


def _values(secret: Object) -> Mapping[str, Secret]:
    """The values of a rendered Secret; those that are no base64 are left out."""
    values = {str(key): Secret(str(text)) for key, text in (secret.get("stringData") or {}).items()}
    for key, text in (secret.get("data") or {}).items():
        try:
            values.setdefault(str(key), Secret(base64.b64decode(str(text)).decode()))
        except ValueError:
            continue
    return values


async def _answers(world: World, workloads: Workloads, known: Mapping[str, PullLogin], *, here: bool) -> list[Answer]:
    assert world.registries is not None  # noqa: S101 - the caller has looked
    settled: dict[int, Answer] = {}
    wanted: dict[int, asking.Wanted] = {}
    for number, (image, names) in enumerate(workloads):
        logins = [login for name in names if name in known for login in known[name].logins]
        try:
            parsed = reference.parse(image)
        except ValueError as error:
            settled[number] = Answer("invalid", str(error))
            continue
        if parsed.is_here and not here:
            settled[number] = Answer("unknown", f"{parsed.registry} is each node itself, and not this machine")
        else:
            wanted[number] = (parsed, pull_secret.matching(logins, image))
    answers = await asking.ask(world.registries, list(wanted.values()))
    settled |= dict(zip(wanted, answers, strict=True))
    return [_with_reason(settled[number], names, known) for number, (_, names) in enumerate(workloads)]


def _with_reason(answer: Answer, names: Iterable[str], known: Mapping[str, PullLogin]) -> Answer:
    """Unknown for what wants a login that there is, but that this person may not read."""
    hidden = [name for name in names if known.get(name) is _MAY_NOT_READ]
    if answer.state != "private" or not hidden:
        return answer
    return Answer("unknown", f"it wants a login, and pull Secret {', '.join(hidden)} may not be read")


def _held(nodes: Iterable[Object]) -> dict[str, tuple[str, ...]]:
    """Image -> the nodes that have it, by what each node tells (50 images by default)."""
    found: dict[str, dict[str, None]] = {}
    for node in nodes:
        for image in (node.get("status") or {}).get("images") or ():
            for name in image.get("names") or ():
                found.setdefault(_canonical(str(name)), {})[str(node["metadata"]["name"])] = None
    return {name: tuple(holders) for name, holders in found.items()}


def _canonical(image: str) -> str:
    try:
        parsed = reference.parse(image)
    except ValueError:
        return image
    return f"{parsed.registry}/{parsed.repository}@{parsed.digest}" if parsed.digest else str(parsed)
