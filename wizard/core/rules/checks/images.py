"""M: the images as they are named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

from wizard.core.kube.objects import containers
from wizard.core.rules import manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import PullLogin, Rendered
from wizard.core.target import PRODUCTION

_DOCKER_HUB: Final = ("docker.io", "index.docker.io", "registry-1.docker.io")
_GONE: Final = (
    (re.compile(r"(?:docker\.io/|index\.docker\.io/)?bitnami/[^:@]+:(?!latest$)"), "Bitnami took its versioned images from there in 2025",
     "Name a maintained image, or for a while docker.io/bitnamilegacy/..., which gets no security fixes."),
    (re.compile(r"(?:k8s\.gcr\.io|gcr\.io/google[-_]containers)/"), "this registry is frozen since 2023", "Name it at registry.k8s.io."),
)  # fmt: skip
"""Names, what became of them, and what to do."""
_MOVING: Final = re.compile(r"latest|main|master|edge|nightly|dev|staging|stable|snapshot")


def images(rendered: Rendered) -> dict[str, str]:
    """Image -> "Kind/name" of the first workload that runs it."""
    found: dict[str, str] = {}
    for owner, spec in manifests.pods(rendered.objects):
        for container in containers(spec):
            found.setdefault(str(container.get("image") or ""), owner)
    return found


@check("M03", "registries that are gone", needs=("rendered",), severity="B", about=("image",))
def gone(facts: Facts) -> Outcome:
    """No image is named at a registry that is known to have given it up."""
    lines, steps = [], []
    for image, owner in images(facts["rendered"]).items():
        for pattern, what, step in _GONE:
            if pattern.match(image):
                lines.append(f"{owner} runs {image}: {what}")
                steps.append(step)
    if lines:
        return Outcome("fail", capped(lines), steps[0])
    count = len(images(facts["rendered"]))
    return Outcome("pass", (f"{count} {'image' if count == 1 else 'images'}, none at a registry that is gone",))


@check("M06", "tags that move", needs=("rendered", "preset"), about=("image",))
def moving(facts: Facts) -> Outcome:
    """In production, an image's tag or digest says which one it is."""
    lines = []
    for image, owner in images(facts["rendered"]).items():
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
        elif not any(_serves(named, image) for named in login.registries for image in served.get(name, ())):
            lines.append(
                f"Secret {name} has no login for {', '.join(wanted)}; it names {', '.join(login.registries) or 'none'}"
            )
    if lines:
        step = "Make one that has: kubectl create secret docker-registry NAME --docker-server=REGISTRY ..."
        return Outcome("warn", capped(lines), step, "image.pullSecret")
    return Outcome("pass", tuple(f"{name} has a login" for name in logins) or ("no pull secret is there yet",))


def registry(image: str) -> str:
    """The registry of an image, as container runtimes read its name."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"


def _serves(named: str, image: str) -> bool:
    """Whether a login's registry is that of an image; it may have a scheme, a path, and stars in the parts of its host."""
    host, _, path = named.partition("://")[2].partition("/") if "://" in named else named.partition("/")
    where = registry(image)
    if where in _DOCKER_HUB and host in _DOCKER_HUB:
        return True
    rest = image.partition("/")[2]
    matches = len(host.split(".")) == len(where.split(".")) and all(map(fnmatchcase, where.split("."), host.split(".")))
    return matches and (not path.strip("/") or path in ("v1/", "v2/") or rest.startswith(path.strip("/")))
