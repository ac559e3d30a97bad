"""Containers that do not start or do not keep running: configuration, command, memory, crash."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, ObjectEvent, name_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings import hosts, logs
from wizard.core.rules.findings.pods import asked, began, describe_command, in_field, last_lines, log_command, waiting
from wizard.core.rules.findings.readiness import probe_words
from wizard.core.rules.snapshot import Snapshot


@finding("CO06", "CO07")
def configuration_missing(snapshot: Snapshot) -> Iterator[Finding]:
    """A Secret, ConfigMap or key that the pod names is missing (CO06), or the kubelet refuses the container (CO07)."""
    for pod in snapshot.starting_pods():
        for container, wait in waiting(pod, status.CONFIG_REASONS):
            words = str(wait.get("message") or "")
            field = f"{in_field(container)}.state.waiting {wait['reason']}"
            yield _configuration(pod, Evidence(words, name_of(pod), field, began(pod)), snapshot)
        if any(_kind_of_state(container_status) == "running" for container_status in status.container_statuses(pod)):
            continue
        for event in snapshot.about(pod, "FailedMount")[:1]:
            if missing_reference(event.message):
                proof = Evidence(event.message, name_of(pod), "event FailedMount", event.time)
                yield _configuration(pod, proof, snapshot)


_KEY: Final = re.compile(r"couldn't find key (\S+) in (Secret|ConfigMap) (?:\S+/)?([^\s\"]+)")
_WHOLE: Final = re.compile(r"(secret|configmap) \"([^\"]+)\" not found", re.IGNORECASE)


def missing_part(message: str) -> tuple[str, str, str]:
    """Kind, name and key ("" for the whole object) that a kubelet reports as missing; ("", "", "") otherwise."""
    if match := _KEY.search(message):
        return match[2], match[3], match[1]
    if match := _WHOLE.search(message):
        return "Secret" if match[1].lower() == "secret" else "ConfigMap", match[2], ""
    return "", "", ""


def missing_reference(message: str) -> str:
    """What a kubelet reports as missing: "Secret x", "key k of Secret x"; "" for another message."""
    if match := _KEY.search(message):
        return f"key {match[1]} of {match[2]} {match[3]}"
    if match := re.search(r"references non-existent (secret|configmap|config) key: (\S+)", message):
        return f"key {match[2]} of a {match[1]}"
    if match := _WHOLE.search(message):
        return f"{'Secret' if match[1].lower() == 'secret' else 'ConfigMap'} {match[2]}"
    return ""


def _configuration(pod: Object, proof: Evidence, snapshot: Snapshot) -> Finding:
    root, missing = snapshot.root_name(pod), missing_reference(proof.text)
    if missing:
        remedy = f"Create {missing}; the pod starts by itself as soon as it is there."
        return Finding(
            "CO06", f"{missing} is not there", root, (proof, *_keys(proof.text, snapshot)), (remedy,), heals="no",
            since=began(pod), commands=_look_at(proof.text, snapshot),
            avoid=("Don't reinstall: the Secrets that are there would not be made again.",),
        )  # fmt: skip
    title = f"the container cannot be created like this: {proof.text}"
    remedy = "Change the security context (user, group, read-only root) or use an image made for it."
    other = _not_made(proof.text)
    if other:
        remedy = other.remedy
    look = snapshot.command("kubectl", "get", "pod", str(pod["metadata"]["name"]), "-o", "yaml")
    lasting = other is None or other.lasting
    return Finding(
        "CO07", title, root, (proof,), (remedy,), lasting, "no" if lasting else "unknown", began(pod), commands=(look,)
    )


@dataclass(frozen=True)
class _NotMade:
    """Why a container is not made although its command and its user may be right."""

    pattern: re.Pattern[str]
    title: str
    remedy: str
    lasting: bool


_NOT_MADE: Final = (
    # Words: pkg/kubelet/kubelet_pods.go, pkg/kubelet/util/manager, containerd internal/cri, runc libcontainer.
    _NotMade(
        re.compile(r"timed out waiting for the condition|not yet been read|failed to sync (?:secret|configmap) cache"),
        "the kubelet has not yet read what container {name} needs",
        "Wait: the kubelet tries again. If it lasts, have whoever runs the node see why it does not reach the API server.",
        lasting=False,
    ),
    _NotMade(
        re.compile(r"failed to reserve (?:container|sandbox) name|deadline ?exceeded|transport is closing|containerd\.sock", re.IGNORECASE),
        "the node's container runtime does not get container {name} made",
        "Ask whoever runs the node: its runtime or disk is overloaded or hangs. A new pod on another node may start.",
        lasting=False,
    ),
    _NotMade(
        re.compile(r"subPath|error mounting|cannot find volume"),
        "a volume cannot be mounted into container {name}",
        "Correct its volumeMounts: mountPath and subPath are both a file or both a folder, and the volume has what subPath names.",
        lasting=True,
    ),
    _NotMade(
        re.compile(r"chdir to cwd"),
        "container {name} may not use its working folder, or has none",
        "Correct workingDir, or run it as a user that may enter that folder.",
        lasting=True,
    ),
    _NotMade(
        re.compile(r"cgroup"),
        "the node cannot give container {name} a control group",
        "Ask whoever runs the node: this is the node's, not the container's. A new pod on another node may start.",
        lasting=False,
    ),
)  # fmt: skip


def _not_made(message: str) -> _NotMade | None:
    return next((row for row in _NOT_MADE if row.pattern.search(message)), None)


def _keys(message: str, snapshot: Snapshot) -> list[Evidence]:
    """The existing keys of the named Secret or ConfigMap (never their values)."""
    match = _KEY.search(message)
    obj = snapshot.named(match[2], match[3]) if match else None
    if obj is None:
        return []
    return [Evidence(", ".join(sorted(obj.get("data") or ())) or "none", name_of(obj), "keys there")]


def _look_at(message: str, snapshot: Snapshot) -> tuple[str, ...]:
    if match := _KEY.search(message):
        return (snapshot.command("kubectl", "describe", match[2].lower(), match[3]),)
    if match := _WHOLE.search(message):
        return (snapshot.command("kubectl", "get", f"{match[1].lower()}s"),)
    return ()


_BAD_COMMAND: Final = (126, 127, 128)
_USAGE: Final = re.compile(r"^\s*usage:|unrecognized (?:sub)?command|unknown (?:sub)?command|unexpected argument|try '?.*--help",
                           re.IGNORECASE | re.MULTILINE)  # fmt: skip


@finding("CO08", "CO09", "CO10", "CO11", "CO12")
def crash(snapshot: Snapshot) -> Iterator[Finding]:
    """The container ends repeatedly.

    Its command cannot be run (CO08), it exceeds its memory limit (CO09), it is killed for its liveness probe (CO10), it
    crashes (CO11), or its command ends by itself (CO12).
    """
    for pod in snapshot.starting_pods():
        yield from _too_small_to_start(pod, snapshot)
        for container in status.container_statuses(pod):
            wait = (container.get("state") or {}).get("waiting") or {}
            reason = str(wait.get("reason") or "")
            ended = status.last_end(container)
            if hook := _failed_hook(pod, container, reason, snapshot):
                yield hook
            elif reason in status.START_REASONS:
                yield _bad_command(pod, container, f"{reason}: {wait.get('message', '')}", snapshot)
            elif not ended or logs.cause(pod, container, snapshot):
                continue  # the cause is known and has its own finding
            elif reason in status.CRASH_REASONS or status.crashes(pod, container) or _killed(pod, container, snapshot):
                yield _crash(pod, container, ended, snapshot)


def _too_small_to_start(pod: Object, snapshot: Snapshot) -> Iterator[Finding]:
    """The memory limit is so small that no container can be created within it."""
    events = [
        event
        for event in snapshot.about(pod, "FailedCreatePodSandBox", "Failed")
        if re.search(r"OOM-killed|memory limit too low", event.message)
    ]
    if not events:
        return
    limits = {
        name: str(((spec.get("resources") or {}).get("limits") or {}).get("memory") or "none")
        for name, spec in status.container_specs(pod).items()
    }
    proof = [Evidence(events[0].message, name_of(pod), f"event {events[0].reason}", events[0].time)]
    proof += [
        Evidence(text, name_of(pod), f"container {name}.resources.limits.memory") for name, text in limits.items()
    ]
    yield Finding(
        "CO09", f"no container can be made within its memory limit {', '.join(limits.values())}",
        snapshot.root_name(pod), tuple(proof), ("Raise its memory limit.",), True, "no", began(pod),
        commands=(describe_command(pod, snapshot),),
    )  # fmt: skip


def _crash(pod: Object, container: Mapping[str, Any], ended: Mapping[str, Any], snapshot: Snapshot) -> Finding:
    code, again = int(ended.get("exitCode") or 0), int(container.get("restartCount") or 0)
    words = f"{ended.get('reason', 'Error')}, exit code {code}, restarted {again} times"
    message = " ".join(str(ended.get("message") or "").split())
    if ended.get("reason") == "OOMKilled":
        return _out_of_memory(pod, container, words, ended, snapshot)
    if killed := _killed(pod, container, snapshot):
        return _liveness(pod, container, words, killed, snapshot)
    if code in _BAD_COMMAND or ended.get("reason") in ("StartError", "ContainerCannotRun"):
        return _bad_command(pod, container, f"{words}: {message}" if message else words, snapshot)
    field = f"{in_field(container)}.{_end_field(container)}"
    proof = [Evidence(words, name_of(pod), field, str(ended.get("finishedAt") or ""))]
    proof += [Evidence(f"its termination message: {message}")] if message else []
    lines = logs.telling(pod, container, snapshot)
    proof += [Evidence(line, name_of(pod), f"{in_field(container)} log") for line in lines]
    usage = code == 2 and _USAGE.search("\n".join((message, *lines)))
    if code == 0 or usage:
        return _ends_by_itself(pod, container, proof, snapshot, code)
    return Finding(
        "CO11", f"container {container.get('name')} crashes with exit code {code}", snapshot.root_name(pod), tuple(proof),
        ("Read its last lines: kubectl logs --previous, or the log pane (key p).",), False, "unknown",
        _crashing_since(pod, ended), waits=not (message or logs.own_cause(pod, container, snapshot)), commands=(log_command(pod, container, snapshot),),
        unseen=() if message or lines else ("what it logged before it ended: get pods/log",),
    )  # fmt: skip


def _ends_by_itself(
    pod: Object, container: Mapping[str, Any], proof: list[Evidence], snapshot: Snapshot, code: int
) -> Finding:
    how = "without an error, again and again" if code == 0 else "with a usage text: it does not know its arguments"
    return Finding(
        "CO12", f"container {container.get('name')} ends by itself {how}", snapshot.root_name(pod),
        (*proof, _given(pod, container)), ("Its command does one thing and ends; give a command that keeps running.",),
        code != 0, "no", _crashing_since(pod, status.last_end(container) or {}),
        commands=(log_command(pod, container, snapshot),),
    )  # fmt: skip


def _out_of_memory(
    pod: Object, container: Mapping[str, Any], words: str, ended: Mapping[str, Any], snapshot: Snapshot
) -> Finding:
    name = container.get("name")
    limits = (status.container_specs(pod).get(str(name), {}).get("resources") or {}).get("limits") or {}
    limit = str(limits.get("memory") or "")
    field = f"{in_field(container)}.{_end_field(container)}"
    proof = [Evidence(words, name_of(pod), field, str(ended.get("finishedAt") or ""))]
    proof += [Evidence(limit, name_of(pod), f"{in_field(container)}.resources.limits.memory")] if limit else []
    return Finding(
        "CO09", f"container {name} is killed: it needs more memory than its limit {limit}".rstrip(),
        snapshot.root_name(pod), tuple(proof),
        ("Raise its memory limit.", "If it was enough before, look for what grew: load, cache sizes, a leak."),
        False, "no", _crashing_since(pod, ended),
        commands=(snapshot.command("kubectl", "top", "pod", str(pod["metadata"]["name"]), "--containers"),),
        avoid=("Don't remove the limit: the node would then choose what to kill.",), question=asked(snapshot.root(pod), "memory.limit"),
    )  # fmt: skip


def _killed(pod: Object, container: Mapping[str, Any], snapshot: Snapshot) -> ObjectEvent | None:
    """The event that says that the kubelet killed the container for its liveness or startup probe."""
    if container.get("ready") or not int(container.get("restartCount") or 0):
        return None
    since = status.unready_since(pod, container)
    for event in snapshot.about(pod, "Killing"):
        if since and event.time < since:
            continue  # it was ready after that
        about = event.container in ("", container.get("name")) and str(container.get("name")) in event.message
        if about and re.search(r"failed (?:liveness|startup) probe", event.message):
            return event
    return None


def _liveness(
    pod: Object, container: Mapping[str, Any], words: str, killed: ObjectEvent, snapshot: Snapshot
) -> Finding:
    spec = status.container_specs(pod).get(str(container.get("name")), {})
    which = "startupProbe" if "startup" in killed.message else "livenessProbe"
    probe: Mapping[str, Any] = spec.get(which) or {}
    rounds = int(probe.get("periodSeconds") or 10) * int(probe.get("failureThreshold") or 3)
    allowed = int(probe.get("initialDelaySeconds") or 0) + rounds
    failed = [event for event in snapshot.about(pod, "Unhealthy") if event.message.lower().startswith(which[:-5])]
    proof = [
        Evidence(killed.message, name_of(pod), f"event Killing, seen {killed.count} times", killed.time),
        Evidence(words, name_of(pod), f"{in_field(container)}.{_end_field(container)}"),
        *(Evidence(event.message, name_of(pod), "event Unhealthy", event.time) for event in failed[:1]),
    ]
    answer = re.search(r"statuscode: ([34]\d\d)", failed[0].message) if failed else None
    title = f"container {container.get('name')} is killed by its {which}, which allows {allowed} s"
    remedy: tuple[str, ...] = (
        "If it only starts slowly, give it a startupProbe whose period times failures is longer than its start.",
        "If it hangs, its log before the kill says where.",
    )
    if answer:
        title = f"container {container.get('name')} is killed by its {which}: {probe_words(probe)} is answered with {answer[1]}"
        remedy = (f"Correct the {which}: the container answers, and has nothing at that path.",)
    return Finding(
        "CO10", title, snapshot.root_name(pod), tuple(proof), remedy,
        False, "no" if int(container.get("restartCount") or 0) > 1 else "unknown", killed.time, waits=True, commands=(log_command(pod, container, snapshot),),
    )  # fmt: skip


_HOOK: Final = "FailedPostStartHook"


def _failed_hook(pod: Object, container: Mapping[str, Any], reason: str, snapshot: Snapshot) -> Finding | None:
    """The finding of a container that the kubelet ends because its postStart hook fails; it may end well itself."""
    events = [event for event in snapshot.about(pod, _HOOK) if event.container in ("", container.get("name"))]
    ended = reason == "PostStartHookError" or (reason in status.CRASH_REASONS and events)
    if not ended or container.get("ready"):
        return None
    spec = status.container_specs(pod).get(str(container.get("name")), {})
    hook = (spec.get("lifecycle") or {}).get("postStart") or {}
    words = events[0].message if events else reason
    return Finding(
        "CO08", f"container {container.get('name')} is ended because its postStart hook fails", snapshot.root_name(pod),
        (
            Evidence(words, name_of(pod), f"event {_HOOK}" if events else in_field(container), events[0].time if events else began(pod)),
            *([Evidence(f"postStart: {probe_words(hook)}")] if hook else []),
        ),
        ("Correct the hook's command, or let the program itself do this when it starts: the kubelet ends a container whose hook fails.",),
        True, "no", began(pod), commands=(describe_command(pod, snapshot),),
    )  # fmt: skip


def _bad_command(pod: Object, container: Mapping[str, Any], words: str, snapshot: Snapshot) -> Finding:
    proof, other = Evidence(words, name_of(pod), in_field(container), began(pod)), _not_made(words)
    if other:
        return Finding(
            "CO08", other.title.format(name=container.get("name")), snapshot.root_name(pod), (proof,), (other.remedy,),
            other.lasting, "no" if other.lasting else "unknown", began(pod), commands=(describe_command(pod, snapshot),),
        )  # fmt: skip
    return Finding(
        "CO08",
        f"the command of container {container.get('name')} cannot be run",
        snapshot.root_name(pod),
        (proof, _given(pod, container)),
        ("Correct the command or the arguments, or use the image that has it.",),
        True,
        "no",
        began(pod),
        commands=(log_command(pod, container, snapshot),),
    )


def _given(pod: Object, container: Mapping[str, Any]) -> Evidence:
    spec = status.container_specs(pod).get(str(container.get("name")), {})
    given = [*(spec.get("command") or ()), *(spec.get("args") or ())]
    return Evidence(f"command: {' '.join(map(str, given)) or 'the default of the image'}")


_INIT_PATIENCE: Final = 60


@finding("CO13")
def init_container_stuck(snapshot: Snapshot) -> Iterator[Finding]:
    """An init container does not end: it waits for something."""
    for pod in snapshot.starting_pods():
        sidecars = {
            container.get("name")
            for container in pod.get("spec", {}).get("initContainers") or ()
            if container.get("restartPolicy")
        }
        statuses = pod.get("status", {}).get("initContainerStatuses") or ()
        for number, container in enumerate(statuses):
            since = str(((container.get("state") or {}).get("running") or {}).get("startedAt") or "")
            if container.get("name") in sidecars or not snapshot.older(since, _INIT_PATIENCE):
                continue
            if logs.cause(pod, container, snapshot):
                continue
            lines = last_lines(pod, container, snapshot)
            yield Finding(
                "CO13", f"init container {container.get('name')} does not end: it waits for something",
                snapshot.root_name(pod),
                (
                    Evidence(f"running, {number} of {len(statuses)} done", name_of(pod), in_field(container), since),
                    *(Evidence(line, name_of(pod), f"{in_field(container)} log") for line in lines),
                ),
                ("Read its log: it says what it waits for; that has to come first.",),
                since=since, waits=True, commands=(log_command(pod, container, snapshot),),
            )  # fmt: skip


def _crashing_since(pod: Object, ended: Mapping[str, Any]) -> str:
    since = status.condition(pod, "Ready").get("lastTransitionTime") or ended.get("finishedAt")
    return str(since or began(pod))


def _end_field(container: Mapping[str, Any]) -> str:
    """The field in which `status.last_end` found the end of a container."""
    return "state.terminated" if _kind_of_state(container) == "terminated" else "lastState.terminated"


def _kind_of_state(container: Mapping[str, Any]) -> str:
    return next(iter(container.get("state") or {}), "")


@finding("CO18")
def variable_twice(snapshot: Snapshot) -> Iterator[Finding]:
    """A container that is not ready has a variable twice, with different values: the last one counts."""
    for pod in snapshot.starting_pods():
        specs = status.container_specs(pod)
        for container in status.container_statuses(pod):
            entries = specs.get(str(container.get("name")), {}).get("env") or () if not container.get("ready") else ()
            given: dict[str, list[Mapping[str, Any]]] = {}
            for entry in entries:
                given.setdefault(str(entry.get("name")), []).append(entry)
            for name, twice in given.items():
                if any(entry != twice[-1] for entry in twice):
                    yield _given_twice(pod, container, name, twice, snapshot)


def _given_twice(
    pod: Object, container: Mapping[str, Any], name: str, twice: list[Mapping[str, Any]], snapshot: Snapshot
) -> Finding:
    field = f"{in_field(container)}.env"
    stated = logs.cause(pod, container, snapshot)
    called = hosts.called(pod, str(container.get("name")), stated.line, snapshot).host if stated else ""
    return Finding(
        "CO18", f"variable {name} is given twice, and the last one counts", snapshot.root_name(pod),
        tuple(Evidence(f"{name}={_source(entry)}", name_of(pod), field) for entry in twice),
        ("Leave one of them: extraEnv, say, repeats what the chart already sets.",), heals="no", since=began(pod),
        urgent=bool(called) and called in _source(twice[-1]),
        commands=(snapshot.command("kubectl", "get", "pod", str(pod["metadata"]["name"]), "-o", "yaml"),),
    )  # fmt: skip


def _source(entry: Mapping[str, Any]) -> str:
    """A variable's value, or the reference that it is taken from."""
    references = entry.get("valueFrom") or {}
    named = next((f"{kind} {' '.join(map(str, where.values()))}" for kind, where in references.items()), "")
    return named or str(entry.get("value") or "")
