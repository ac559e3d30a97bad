"""M: the images as they are named."""

from __future__ import annotations

import re
from typing import Final

from wizard.core.rules import manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import Rendered

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
        for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
            found.setdefault(str(container.get("image") or ""), owner)
    return found


@check("M03", "registries that are gone", needs=("rendered",), severity="B")
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


@check("M06", "tags that move", needs=("rendered", "preset"))
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
    if facts["preset"] != "prod":
        return Outcome("pass", capped(lines))
    return Outcome(
        "warn", capped(lines), "Name a version, best with its digest.", "image" if "Deployment/" in lines[0] else ""
    )
