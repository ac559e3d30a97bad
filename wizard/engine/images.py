"""Asks registries about images: one after the other at each registry, the registries at once, within a time in all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from wizard.core.registry import reference
from wizard.core.registry.answer import Answer, Login
from wizard.core.registry.reference import Reference
from wizard.core.rules import manifests
from wizard.ports.registries import Registries

if TYPE_CHECKING:
    from wizard.engine.answers import Prepared
    from wizard.engine.ports import Ports

EACH: Final = 8.0
ALL: Final = 10.0
"""Seconds for one image, and for all of them."""
MOST: Final = 100
"""Images that are asked for at most."""
Wanted = tuple[Reference, tuple[Login, ...]]


async def ask(registries: Registries, wanted: Sequence[Wanted]) -> list[Answer]:
    """The answers in the order of the images. A registry that does not answer is not asked again; never raises."""
    until = asyncio.get_running_loop().time() + ALL
    queues: dict[str, list[int]] = {}
    for number, (asked, _) in enumerate(wanted[:MOST]):
        queues.setdefault(asked.host, []).append(number)
    answers = [Answer("unknown", f"more than {MOST} images")] * len(wanted)

    async def empty(queue: list[int]) -> None:
        closed: dict[tuple[Login, ...] | None, Answer] = {}
        """By logins that are over their limit, or by None, why it is not asked any more."""
        for number in queue:
            asked, logins = wanted[number]
            seconds = min(EACH, until - asyncio.get_running_loop().time())
            if stopped := closed.get(None) or closed.get(logins):
                answers[number] = stopped
            elif seconds <= 0:
                answers[number] = Answer("unknown", f"{asked.host} was not asked any more after {ALL:g} s")
            else:
                answer = answers[number] = await registries.image(asked, logins, seconds)
                if answer.state in ("unreachable", "limited"):
                    closed[None if answer.state == "unreachable" else logins] = answer

    await asyncio.gather(*map(empty, queues.values()))
    return answers


@dataclass(frozen=True)
class Listed:
    """An image of a chart with its answers, and what names it; the digest, where it was asked for, or why there is none."""

    image: str
    owners: tuple[str, ...]
    """Kind/name."""
    digest: str = ""
    why: str = ""


async def of_chart(ports: Ports, prepared: Prepared, *, digests: bool) -> tuple[Listed, ...]:
    """Every image that the rendered objects name, by name, hooks and tests included. No cluster is asked, and no login sent.

    Raises:
        Problem: there is no helm, or the chart does not render.
    """
    text = await ports.helm.template(prepared.target, prepared.chart.path, "", values_text=prepared.text)
    objects = [one for one in ports.documents.load_all(text, "helm template") if _is_object(one)]
    found = [Listed(image, owners) for image, owners in sorted(manifests.named_images(objects).items())]
    return await _with_digests(ports.registries, found) if digests else tuple(found)


def _is_object(document: object) -> bool:
    return isinstance(document, dict) and bool(document.get("kind")) and isinstance(document.get("metadata"), dict)


async def _with_digests(registries: Registries, found: Sequence[Listed]) -> tuple[Listed, ...]:
    listed: dict[int, Listed] = {}
    wanted: dict[int, Wanted] = {}
    for number, one in enumerate(found):
        try:
            parsed = reference.parse(one.image)
        except ValueError as error:
            listed[number] = replace(one, why=str(error))
            continue
        if parsed.digest:
            listed[number] = replace(one, digest=parsed.digest)
        else:
            wanted[number] = (parsed, ())
    for number, answer in zip(wanted, await ask(registries, list(wanted.values())), strict=True):
        listed[number] = replace(found[number], digest=answer.digest, why="" if answer.digest else _why(answer))
    return tuple(listed[number] for number in range(len(found)))


def _why(answer: Answer) -> str:
    match answer.state:
        case "missing":
            return f"its registry has no such {answer.text}"
        case "private" | "refused":
            return "its registry wants a login"
        case _:
            return answer.text or "its registry tells no digest"
