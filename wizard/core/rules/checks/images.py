"""M: images as they are named, and what their registries say of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from wizard.core.kube.objects import Object, containers, labels_of
from wizard.core.registry.reference import DOCKER_HUB, registry, serves
from wizard.core.rules import manifests
from wizard.core.rules.check import Facts, Outcome, State, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import ImageSeen, PullLogin, Rendered
from wizard.core.scheduling.selectors import node_matches, untolerated
from wizard.core.target import PRODUCTION
from wizard.core.text.words import counted

_GONE: Final = (
    (re.compile(r"(?:docker\.io/|index\.docker\.io/)?bitnami/[^:@]+:(?!latest$)"), "Bitnami took its versioned images from there in 2025",
     "Name a maintained image, or for a while docker.io/bitnamilegacy/..., which gets no security fixes."),
    (re.compile(r"(?:k8s\.gcr\.io|gcr\.io/google[-_]containers)/"), "this registry is frozen since 2023", "Name it at registry.k8s.io."),
)  # fmt: skip
"""Names, what became of them, and what to do."""
_NODES_LOG_IN: Final = re.compile(
    r"\.dkr\.ecr\.[\w-]+\.amazonaws\.com|(?:^|\.)gcr\.io$|-docker\.pkg\.dev$|\.azurecr\.(?:io|cn)$"
)
"""Registries to which the nodes of their own cloud log in by themselves."""
_FROM_NODES: Final = "The nodes may see more than this machine: on one of them, crictl pull IMAGE tells."
_SEVERAL: Final = 3
"""Pulls from which on a limit is worth a word."""
_SPARE: Final = 10
"""Pulls that should be left at least."""
_MOST_PLATFORMS: Final = 4
_MOVING: Final = re.compile(r"latest|main|master|edge|nightly|dev|staging|stable|snapshot")


@check("M01", "images at their registries", needs=("images",), severity="B", decides=False, about=("image",))
def exist(facts: Facts) -> Outcome:
    """Every image is at its registry, which shows it to the workload's login; what does not answer from here is unknown."""
    found: Sequence[ImageSeen] = facts["images"]
    told = [(one, *_judged(one)) for one in found]
    for state in ("fail", "warn", "unknown"):
        chosen = [(one, line, step) for one, its_state, line, step in told if its_state == state]
        if chosen:
            first, _, step = chosen[0]
            lines = [line for _, line, _ in chosen] if state != "unknown" else _by_reason(chosen)
            return Outcome(state, capped(lines), step, _question(first) if state != "unknown" else "")
    return Outcome("pass", capped(line for _, _, line, _ in told))


def _judged(seen: ImageSeen) -> tuple[State, str, str]:
    """State, line and next step of one image."""
    answer, name, where = seen.answer, f"{seen.owners[0]} runs {seen.image}", registry(seen.image)
    held = f"{len(seen.held_by)} of {seen.nodes} nodes have it" if seen.held_by else ""
    match answer.state:
        case "there" if answer.kind:
            return "warn", f"{name}, which is no image to run: {answer.kind}", "Name an image of containers."
        case "there":
            return "pass", f"{seen.image} is there{f' ({answer.digest[:19]})' if answer.digest else ''}", ""
        case "invalid":
            return "fail", f"{name}, a name that no node takes: {answer.text}", "Correct the name of the image."
        case "missing":
            near = f"; near it: {', '.join(answer.tags)}" if answer.tags else ""
            line = f"{name}, and {where} has no such {answer.text}{near}"
            step = f"Name a {answer.text} that is there, or push this one first."
            return ("warn", f"{line}; {held}", step) if held else ("fail", line, step)
        case "refused":
            line = f"{name}: {where} refuses the login of Secret {', '.join(seen.secrets)} for it"
            step = "Make the Secret anew with a login that may read it; many say the same of what is not there."
            return "fail", line, step
        case "private" | "unreachable" | "unknown" | "limited" if held and len(seen.held_by) == seen.nodes:
            return "pass", f"{seen.image}: {held}", ""
        case "private" if held or _NODES_LOG_IN.search(where):
            words = f"{where} wants a login; {held or 'nodes of that cloud bring their own'}"
            return "unknown", words, _FROM_NODES
        case "private":
            whose = f"Secret {', '.join(seen.secrets)} has none for it" if seen.secrets else "no pull Secret is named"
            line = f"{name}: {where} shows it to nobody without a login, and {whose}; it may also not be there"
            return "warn", line, "Name a pull Secret with a login for it, unless the nodes have a login of their own."
        case _:
            return "unknown", f"{answer.text}{f'; {held}' if held else ''}", _FROM_NODES


def _by_reason(chosen: Sequence[tuple[ImageSeen, str, str]]) -> list[str]:
    """One line for each reason, with its images."""
    by_reason: dict[str, list[str]] = {}
    for seen, line, _ in chosen:
        by_reason.setdefault(line, []).append(seen.image)
    return [f"{', '.join(capped(names))}: {line}" for line, names in by_reason.items()]


def _question(seen: ImageSeen) -> str:
    if not seen.owners[0].startswith("Deployment/"):
        return ""
    return "image.pullSecret" if seen.answer.state in ("refused", "private") else "image"


@check("M02", "platforms of the images", needs=("rendered", "images", "nodes", "admitted"), severity="B", decides=False)
def platforms(facts: Facts) -> Outcome:
    """Every image is built for the nodes that its pods may run on, by their operating system and architecture."""
    rendered: Rendered = facts["rendered"]
    built = {(one.image, owner): one.answer.platforms for one in facts["images"] for owner in one.owners}
    known = {key: of for key, of in built.items() if of}
    if not known:
        return Outcome("skipped", ("waits for M01: no registry tells what the images are built for",))
    if not any(all(_kind(node)) for node in facts["nodes"]):
        return Outcome("unknown", ("no node tells its operating system and architecture",))
    none: list[str] = []
    some: list[str] = []
    for template in manifests.templates(rendered.objects):
        spec = {**template.spec, **facts["admitted"].get(template.owner, {})}
        nodes = [node for node in facts["nodes"] if _may_run(spec, node)]
        for image in dict.fromkeys(str(one.get("image") or "") for one in containers(template.spec)):
            of = known.get((image, template.owner), ())
            wrong = [_kind(node) for node in nodes if of and not any(one.runs_on(*_kind(node)) for one in of)]
            if wrong:
                told = f"{template.owner} runs {image}, built for {', '.join(map(str, of[:_MOST_PLATFORMS]))}"
                some_are = f"{len(wrong)} of {len(nodes)}" if len(wrong) < len(nodes) else "the"
                line = f"{told}; {some_are} nodes that may take it are {', '.join(sorted(set(map('/'.join, wrong))))}"
                (some if len(wrong) < len(nodes) else none).append(line)
    lines = capped(none or some)
    question = "image" if lines and lines[0].startswith("Deployment/") else ""
    if none:
        step = "Name an image that is built for these nodes, or choose others with nodeSelector."
        return Outcome("fail", lines, step, question)
    if some:
        step = "Choose nodes with nodeSelector (kubernetes.io/arch), or an image that is built for all of them."
        return Outcome("warn", lines, step, question)
    if untold := sorted({image for (image, _), of in built.items() if not of}):
        return Outcome("unknown", (f"not told for {', '.join(capped(untold))}; the others fit",))
    return Outcome(
        "pass", (f"{counted(len({image for image, _ in known}), 'image')} built for the nodes that may take them",)
    )


def _may_run(spec: Mapping[str, Any], node: Object) -> bool:
    """Whether pods may be placed on a node that tells what it is, by selectors, affinity and taints."""
    taints = (node.get("spec") or {}).get("taints") or ()
    lasting = [taint for taint in taints if not str(taint.get("key")).startswith("node.kubernetes.io/")]
    return all(_kind(node)) and node_matches(spec, node) and not untolerated(lasting, spec, ("NoSchedule", "NoExecute"))


def _kind(node: Object) -> tuple[str, str]:
    """Operating system and architecture of a node; "" where it does not tell."""
    labels, info = labels_of(node), (node.get("status") or {}).get("nodeInfo") or {}
    return (
        str(labels.get("kubernetes.io/os") or info.get("operatingSystem") or ""),
        str(labels.get("kubernetes.io/arch") or info.get("architecture") or ""),
    )


@check("M05", "pulls that are left", needs=("rendered", "images"))
def limits(facts: Facts) -> Outcome:
    """Docker Hub's own word on how many pulls are left without a login is more than this install needs."""
    rendered: Rendered = facts["rendered"]
    hub = [one for one in facts["images"] if registry(one.image) in DOCKER_HUB and not one.answer.login]
    if not hub:
        return Outcome("skipped", ("nothing is pulled from Docker Hub without a login",))
    told = [one.answer.left for one in hub if one.answer.left is not None]
    if not told:
        return Outcome("skipped", ("Docker Hub does not tell how many pulls are left",))
    names = {one.image for one in hub}
    needed = sum(
        template.replicas * sum(one.get("image") in names for one in containers(template.spec))
        for template in manifests.templates(rendered.objects)
    )
    left = min(told)
    line = f"Docker Hub lets {left} more pulls through from here without a login; about {needed} are needed"
    if needed < _SEVERAL or left >= max(needed, _SPARE):
        return Outcome("pass", (line,))
    step = "Name a pull Secret with a login for Docker Hub, or pull through a mirror; nodes with another address count apart."
    return Outcome("warn", (line,), step)


def _first_owners(rendered: Rendered) -> dict[str, str]:
    """Image -> "Kind/name" of the first workload that runs it."""
    return {image: owners[0] for image, owners in manifests.images(rendered.objects).items()}


@check("M03", "registries that are gone", needs=("rendered",), severity="B", about=("image",))
def gone(facts: Facts) -> Outcome:
    """No image is named at a registry that is known to have given it up."""
    lines, steps = [], []
    for image, owner in _first_owners(facts["rendered"]).items():
        for pattern, what, step in _GONE:
            if pattern.match(image):
                lines.append(f"{owner} runs {image}: {what}")
                steps.append(step)
    if lines:
        return Outcome("fail", capped(lines), steps[0])
    count = len(_first_owners(facts["rendered"]))
    return Outcome("pass", (f"{counted(count, 'image')}, none at a registry that is gone",))


@check("M06", "tags that move", needs=("rendered", "preset"), about=("image",))
def moving(facts: Facts) -> Outcome:
    """In production, an image's tag or digest says which one it is."""
    lines = []
    for image, owner in _first_owners(facts["rendered"]).items():
        name, _, digest = image.partition("@")
        tag = name.rpartition("/")[2].partition(":")[2]
        if not digest and (not tag or _MOVING.fullmatch(tag)):
            lines.append(
                f"{owner} runs {image}: nodes may run different ones under {f'tag {tag}' if tag else 'no tag'}"
            )
    if not lines:
        return Outcome("pass", ("every image has a version or digest",))
    if facts["preset"] != PRODUCTION:
        return Outcome("pass", capped(lines))
    return Outcome(
        "warn", capped(lines), "Name a version, best with its digest.", "image" if "Deployment/" in lines[0] else ""
    )


@check("M04", "pull secrets", needs=("rendered", "pull_logins"), about=("image.pullSecret",))
def pull_secrets(facts: Facts) -> Outcome:
    """A pull Secret that a workload names has a login for the registry of one of its images."""
    rendered: Rendered = facts["rendered"]
    logins: Mapping[str, PullLogin] = facts["pull_logins"]
    served = manifests.pull_secrets(rendered.objects)
    lines = []
    for name, login in logins.items():
        wanted = sorted({registry(image) for image in served.get(name, ())})
        if login.wrong:
            lines.append(f"Secret {name} {login.wrong}")
        elif not any(serves(named, image) for named in login.registries for image in served.get(name, ())):
            lines.append(
                f"Secret {name} has no login for {', '.join(wanted)}; it names {', '.join(login.registries) or 'none'}"
            )
    if lines:
        step = "Make one that has: kubectl create secret docker-registry NAME --docker-server=REGISTRY ..."
        return Outcome("warn", capped(lines), step, "image.pullSecret")
    return Outcome("pass", tuple(f"{name} has a login" for name in logins) or ("no pull secret is there yet",))
