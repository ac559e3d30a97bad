"""Images that cannot be pulled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.finding import Evidence, Finding, Heals, finding
from wizard.core.rules.findings.pods import asked, began, describe_command, in_field, waiting
from wizard.core.rules.snapshot import Snapshot


@dataclass(frozen=True)
class _Why:
    """A reason why an image cannot be pulled: the finding, the pattern of its message, and what to do."""

    id: str
    words: str
    cause: str
    terminal: bool
    heals: Heals
    remedy: str


_INVALID: Final = _Why(
    "CO05", "", "its name is not valid", True, "no", "Correct registry, repository and tag; see the composed name."
)
_NEVER: Final = _Why(
    "CO05", "", "it is not on the node and the pull policy is Never", True, "no",
    "Set image.pullPolicy to IfNotPresent.",
)  # fmt: skip
_BY_REASON: Final[Mapping[str, _Why]] = {"InvalidImageName": _INVALID, "ErrImageNeverPull": _NEVER}
_BY_WORDS: Final = (
    _Why(
        "CO03", status.QUEUED.pattern, "the node pulls many images, this one waits its turn", False, "yes",
        "Nothing to do: the kubelet tries again by itself.",
    ),
    _Why(
        "CO03", r"toomanyrequests|rate limit|(?<!\S)429\b", "the registry limits how often it may be asked", False, "yes",
        "It heals when the limit resets; a login or a mirror avoids it.",
    ),
    _Why(
        "CO03",
        r"no such host|server misbehaving|dial tcp|i/o timeout|connection refused|context deadline|unreachable|reset by peer"
        r"|handshake timeout|request canceled|Client\.Timeout|unexpected EOF|unexpected commit digest",
        "the nodes cannot reach the registry", False, "unknown",
        "Check the registry's name, and DNS, proxy and egress of the nodes; or use a mirror that they reach.",
    ),
    _Why(
        "CO03", r"no space left on device|disk quota exceeded", "the node has no room for it", False, "unknown",
        "Ask whoever runs the node to free its disk; unused images are removed by themselves only above a threshold.",
    ),
    _Why(
        "CO03", r"(?<!\S)50[0234]\b|service unavailable|bad gateway|internal server error", "the registry has trouble of its own",
        False, "unknown", "Nothing to correct here: see whether others can pull, or ask whoever runs the registry.",
    ),
    _Why(
        "CO03", r"HTTP response to HTTPS client", "the registry speaks HTTP, and the nodes want HTTPS", True, "no",
        "Give the registry a certificate, or have the nodes' runtime told that this registry has none.",
    ),
    _Why(
        "CO03", r"x509|certificate|tls:", "the nodes do not trust the registry's certificate", True, "no",
        "Give the nodes the registry's CA, or use a registry that they trust.",
    ),
    _Why(
        "CO04", r"no match for platform|exec format|no matching manifest|no image found in \S+(?: \S+)? for architecture", "the image is not made for the nodes' processor", True, "no",
        "Use a multi-architecture image, or nodes of its architecture.",
    ),
    _Why(
        "CO02", r"unauthorized|authorization failed|authentication required|no basic auth|denied|insufficient_scope|(?<!\S)40[13]\b",
        "the registry refuses the pull (wrong name, or a login is needed)", False, "no",
        "Check registry and repository; for a private one name a pull secret (image.pullSecrets).",
    ),
    _Why(
        "CO01", r"not found|manifest unknown|name unknown|no such image|does not exist", "the image does not exist", True,
        "no", "Correct repository and tag of the image, or push it.",
    ),
)  # fmt: skip
"""The first match wins: a registry that hides private images says "denied" for missing ones, too."""
_UNKNOWN: Final = _Why("CO03", "", "the node says why below", False, "unknown", "Read the node's message below.")
_GONE: Final = re.compile(r"^(docker\.io/)?bitnami/")


@finding("CO01", "CO02", "CO03", "CO04", "CO05")
def image_not_pulled(snapshot: Snapshot) -> Iterator[Finding]:
    """The image cannot be pulled; the finding says why, with the registry's message."""
    for pod in snapshot.starting_pods():
        for container, wait in waiting(pod, status.IMAGE_REASONS):
            reason, image = str(wait["reason"]), _image(pod, container)
            words = _registry_words(pod, container, wait, snapshot)
            why = _BY_REASON.get(reason) or _classified(words)
            proof = [Evidence(words, name_of(pod), f"{in_field(container)} cannot be pulled", began(pod))]
            yield Finding(
                why.id,
                f"image {image} cannot be pulled: {why.cause}",
                snapshot.root_name(pod),
                tuple(proof + _login(pod, why, snapshot)),
                (why.remedy, *_moved(image, why)),
                why.terminal,
                why.heals,
                since=began(pod),
                commands=(describe_command(pod, snapshot),),
                avoid=("Don't delete the pod: the new one asks for the same image.",),
                question=asked(snapshot.root(pod), "image"),
            )


_REFERENCE: Final = re.compile(r"\S*/\S*")


def _classified(words: str) -> _Why:
    """Why, by what is said beside references and addresses: those may have any word in them."""
    said = _REFERENCE.sub(" ", words)
    return next((why for why in _BY_WORDS if re.search(why.words, said, re.IGNORECASE)), _UNKNOWN)


def _moved(image: str, why: _Why) -> Iterator[str]:
    if why.id in ("CO01", "CO02") and _GONE.match(image):
        yield "Bitnami's versioned images left this registry in 2025: name another image, or the legacy repository."


def _login(pod: Object, why: _Why, snapshot: Snapshot) -> list[Evidence]:
    """Evidence of the pod's logins for the registry."""
    if why.id != "CO02":
        return []
    named = [str(reference.get("name")) for reference in pod.get("spec", {}).get("imagePullSecrets") or ()]
    missing = snapshot.about(pod, "FailedToRetrieveImagePullSecret")
    if missing:
        return [Evidence(missing[0].message, name_of(pod), "event FailedToRetrieveImagePullSecret", missing[0].time)]
    return [Evidence(", ".join(named) or "none", name_of(pod), "spec.imagePullSecrets")]


def _registry_words(pod: Object, container: Mapping[str, Any], wait: Mapping[str, Any], snapshot: Snapshot) -> str:
    """The registry's message; during a back-off it is in the waiting message, or only in the event of the pull."""
    message = str(wait.get("message") or "")
    if wait["reason"] != "ImagePullBackOff":
        return message
    _, separator, words = message.partition("ErrImagePull: ")
    if separator:
        return words
    image = _image(pod, container)
    failed = [
        event.message for event in snapshot.about(pod, "Failed") if image in event.message and "pull" in event.message
    ]
    return failed[0].partition('": ')[2] or failed[0] if failed else message


def _image(pod: Object, container: Mapping[str, Any]) -> str:
    named = status.container_specs(pod).get(str(container.get("name")), {}).get("image")
    return str(named or container.get("image") or "")


_PULL_PATIENCE: Final = 120


@finding("CO19")
def image_on_its_way(snapshot: Snapshot) -> Iterator[Finding]:
    """A container waits for an image that its node has been pulling for minutes."""
    for pod in snapshot.starting_pods():
        for container, _ in waiting(pod, frozenset({"ContainerCreating", "PodInitializing"})):
            about = [
                event
                for event in snapshot.about(pod, "Pulling", "Pulled", "Failed", "BackOff")
                if event.container == container.get("name")
            ]
            if not about or about[0].reason != "Pulling" or not snapshot.older(about[0].time, _PULL_PATIENCE):
                continue
            node = str((pod.get("spec") or {}).get("nodeName") or "")
            yield Finding(
                "CO19", f"image {_image(pod, container)} is still being pulled to node {node}", snapshot.root_name(pod),
                (Evidence(about[0].message, name_of(pod), "event Pulling", about[0].time),),
                ("Wait: a large image or a slow registry takes its time; the node is still at it.",
                 "A mirror near the cluster, or a smaller image, makes the next start faster."),
                heals="yes", since=about[0].time,
                commands=(describe_command(pod, snapshot),),
                avoid=("Don't delete the pod: its node would begin anew.",),
            )  # fmt: skip
