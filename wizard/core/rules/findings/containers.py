"""Containers that do not start: image, configuration, command, crash."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wizard.core import status
from wizard.core.rules.findings.login import refused
from wizard.core.rules.findings_registry import Finding, Heals, Object, Snapshot, finding, name_of

_Kind = tuple[str, str, str, bool, Heals, str]
_PULLS: Final[tuple[_Kind, ...]] = (
    # pattern, id, cause, terminal, heals, remedy
    (
        r"toomanyrequests|rate limit|\b429\b",
        "CO03", "the registry limits how often it may be asked", False, "yes",
        "It heals when the limit resets; a login or a mirror avoids it.",
    ),
    (
        r"no such host|server misbehaving|dial tcp|i/o timeout|connection refused|context deadline|unreachable|reset by peer",
        "CO03", "the nodes cannot reach the registry", False, "unknown",
        "Check the registry's name, and DNS, proxy and egress of the nodes; or use a mirror that they reach.",
    ),
    (
        r"x509|certificate|tls:",
        "CO03", "the nodes do not trust the registry's certificate", True, "no",
        "Give the nodes the registry's CA, or use a registry that they trust.",
    ),
    (
        r"no match for platform|exec format",
        "CO04", "the image is not made for the nodes' processor", True, "no",
        "Use a multi-architecture image, or nodes of its architecture.",
    ),
    (
        r"unauthorized|authorization failed|authentication required|access denied|insufficient_scope|\b40[13]\b|denied",
        "CO02", "the registry refuses the pull (wrong name, or a login is needed)", False, "no",
        "Check registry and repository; for a private one name a pull secret (image.pullSecrets).",
    ),
    (
        r"not found|manifest unknown|name unknown|no such image|does not exist",
        "CO01", "the image does not exist", True, "no",
        "Correct repository and tag of the image, or push it.",
    ),
)  # fmt: skip


@finding("CO01", "CO02", "CO03", "CO04", "CO05")
def image_not_pulled(snapshot: Snapshot) -> Iterator[Finding]:
    """The image cannot be had; the finding says why, in the registry's own words."""
    for pod in snapshot.starting_pods():
        for container, waiting in _waiting(pod, status.IMAGE_REASONS):
            reason = str(waiting["reason"])
            words = _registry_words(pod, container, waiting, snapshot)
            rule, why, terminal, heals, remedy = _classify(reason, words)
            image = _image(pod, container)
            yield Finding(
                rule,
                f"image {image} cannot be pulled: {why}",
                snapshot.root_name(pod),
                (f"{name_of(pod)} {_field(container)} cannot be pulled: {words}",),
                (remedy,),
                terminal,
                heals,
                since=_began(pod),
            )


def _classify(reason: str, words: str) -> tuple[str, str, bool, Heals, str]:
    if reason == "InvalidImageName":
        return (
            "CO05",
            "its name is not valid",
            True,
            "no",
            "Correct registry, repository and tag; see the composed name.",
        )
    if reason == "ErrImageNeverPull":
        never = "it is not on the node and the pull policy is Never"
        return "CO05", never, True, "no", "Set image.pullPolicy to IfNotPresent."
    for pattern, rule, why, terminal, heals, remedy in _PULLS:
        if re.search(pattern, words, re.IGNORECASE):
            return rule, why, terminal, heals, remedy
    return "CO03", "the node says why below", False, "unknown", "Read the node's words below."


def _registry_words(pod: Object, container: Mapping[str, Any], waiting: Mapping[str, Any], snapshot: Snapshot) -> str:
    """What the registry said; a back-off repeats it after a preface, or not at all, then the event of the pull has it."""
    message = str(waiting.get("message") or "")
    if waiting["reason"] != "ImagePullBackOff":
        return message
    _, found, words = message.partition("ErrImagePull: ")
    if found:
        return words
    image = _image(pod, container)
    failed = [one.message for one in snapshot.about(pod, "Failed") if image in one.message and "pull" in one.message]
    return failed[0].partition('": ')[2] or failed[0] if failed else message


@finding("CO06", "CO07")
def configuration_missing(snapshot: Snapshot) -> Iterator[Finding]:
    """A Secret, a ConfigMap or a key that the pod names is not there (CO06), or the container may not run so (CO07)."""
    for pod in snapshot.starting_pods():
        for container, waiting in _waiting(pod, status.CONFIG_REASONS):
            words = str(waiting.get("message") or "")
            evidence = f"{name_of(pod)} {_field(container)}.state.waiting {waiting['reason']}: {words}"
            yield _configuration(pod, words, evidence, snapshot)
        if any(_kind_of_state(one) == "running" for one in status.container_statuses(pod)):
            continue
        for event in snapshot.about(pod, "FailedMount")[:1]:
            if missing_reference(event.message):
                evidence = f"{name_of(pod)} event FailedMount: {event.message}"
                yield _configuration(pod, event.message, evidence, snapshot)


def missing_reference(message: str) -> str:
    """What a kubelet says is missing: 'Secret "x"', 'key "k" of Secret "x"'; "" when it says something else."""
    if match := re.search(r"couldn't find key (\S+) in (Secret|ConfigMap) (?:\S+/)?([^\s\"]+)", message):
        return f"key {match[1]} of {match[2]} {match[3]}"
    if match := re.search(r"references non-existent (secret|configmap|config) key: (\S+)", message):
        return f"key {match[2]} of a {match[1]}"
    if match := re.search(r"(secret|configmap) \"([^\"]+)\" not found", message, re.IGNORECASE):
        return f"{'Secret' if match[1].lower() == 'secret' else 'ConfigMap'} {match[2]}"
    return ""


def _configuration(pod: Object, words: str, evidence: str, snapshot: Snapshot) -> Finding:
    missing = missing_reference(words)
    if missing:
        remedy = f"Create {missing}; the pod starts by itself as soon as it is there."
        return Finding("CO06", f"{missing} is not there", snapshot.root_name(pod), (evidence,), (remedy,), heals="no",
                       since=_began(pod))  # fmt: skip
    title = f"the container may not be made like this: {words}"
    remedy = "Change the security context (user, group, read-only root) or use an image made for it."
    return Finding("CO07", title, snapshot.root_name(pod), (evidence,), (remedy,), True, "no", _began(pod))


_BAD_COMMAND: Final = (126, 127, 128)


@finding("CO08", "CO09", "CO11")
def crash(snapshot: Snapshot) -> Iterator[Finding]:
    """The container ends again and again: bad command (CO08), out of memory (CO09), its own error (CO11)."""
    for pod in snapshot.starting_pods():
        for container in status.container_statuses(pod):
            waiting = (container.get("state") or {}).get("waiting") or {}
            reason = str(waiting.get("reason") or "")
            ended = status.last_end(container)
            if reason in status.START_REASONS:
                yield _bad_command(pod, container, f"{reason}: {waiting.get('message', '')}", snapshot)
            elif refused(pod, container, snapshot):
                continue  # why it ends is known, and said by its own finding
            elif ended and (reason in status.CRASH_REASONS or status.crashes(container)):
                yield _crash(pod, container, ended, snapshot)


def _crash(pod: Object, container: Mapping[str, Any], ended: Mapping[str, Any], snapshot: Snapshot) -> Finding:
    name, code, again = container.get("name"), int(ended.get("exitCode") or 0), int(container.get("restartCount") or 0)
    words = f"{ended.get('reason', 'Error')}, exit code {code}, restarted {again} times"
    if code in _BAD_COMMAND or ended.get("reason") in ("StartError", "ContainerCannotRun"):
        return _bad_command(pod, container, f"{words}: {ended.get('message', '')}", snapshot)
    evidence = [f"{name_of(pod)} {_field(container)}.lastState.terminated: {words}"]
    if message := str(ended.get("message") or "").strip():
        evidence.append(f"its last words: {message}")
    since = str(status.condition(pod, "Ready").get("lastTransitionTime") or ended.get("finishedAt") or _began(pod))
    root = snapshot.root_name(pod)
    if ended.get("reason") == "OOMKilled":
        limits = (status.container_specs(pod).get(str(name), {}).get("resources") or {}).get("limits") or {}
        title = f"container {name} is killed: it needs more memory than its limit {limits.get('memory', '')}".rstrip()
        return Finding("CO09", title, root, tuple(evidence), ("Raise its memory limit.",), False, "no", since)
    if code == 0:
        title = f"container {name} ends by itself without an error, again and again"
        remedy = "Its command does one thing and ends; give the command that serves."
        return Finding("CO11", title, root, tuple(evidence), (remedy,), False, "no", since)
    title = f"container {name} crashes with exit code {code}"
    remedy = "Read its last words: kubectl logs --previous, or the log pane (key p)."
    return Finding("CO11", title, root, tuple(evidence), (remedy,), False, "unknown", since, waits=True)


def _bad_command(pod: Object, container: Mapping[str, Any], words: str, snapshot: Snapshot) -> Finding:
    command = status.container_specs(pod).get(str(container.get("name")), {})
    given = [*(command.get("command") or ()), *(command.get("args") or ())]
    return Finding(
        "CO08",
        f"the command of container {container.get('name')} cannot be run",
        snapshot.root_name(pod),
        (f"{name_of(pod)} {_field(container)}: {words}", f"command: {' '.join(map(str, given)) or 'the image own'}"),
        ("Correct the command or the arguments, or use the image that has it.",),
        True,
        "no",
        _began(pod),
    )


# Readers


def _waiting(pod: Object, reasons: frozenset[str]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    for one in status.container_statuses(pod):
        waiting = (one.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in reasons:
            yield one, waiting


def _kind_of_state(container: Mapping[str, Any]) -> str:
    return next(iter(container.get("state") or {}), "")


def _field(container: Mapping[str, Any]) -> str:
    return f"container {container.get('name')}"


def _image(pod: Object, container: Mapping[str, Any]) -> str:
    named = status.container_specs(pod).get(str(container.get("name")), {}).get("image")
    return str(named or container.get("image") or "")


def _began(pod: Object) -> str:
    return str(status.condition(pod, "PodScheduled").get("lastTransitionTime") or status.created(pod))
