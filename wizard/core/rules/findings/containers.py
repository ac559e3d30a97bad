"""Containers that do not start or do not keep running: configuration, command, memory, crash."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, ObjectEvent, name_of
from wizard.core.limits import map_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings import hosts, logs
from wizard.core.rules.findings.pods import asked, began, describe_command, in_field, last_lines, log_command, waiting
from wizard.core.rules.findings.readiness import NOT_RUN, probe_words
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text import sanitize
from wizard.core.text.words import counted


@finding("CO06", "CO07")
def configuration_missing(snapshot: Snapshot) -> Iterator[Finding]:
    """A Secret, ConfigMap or key that the pod names is missing (CO06), or the kubelet refuses the container (CO07)."""
    for pod in snapshot.starting_pods():
        for container, wait in waiting(pod, status.CONFIG_REASONS):
            words = str(wait.get("message") or "")
            field = f"{in_field(container)}.state.waiting {wait['reason']}"
            yield _configuration(pod, container, Evidence(words, name_of(pod), field, began(pod)), snapshot)
        if any(_kind_of_state(container_status) == "running" for container_status in status.container_statuses(pod)):
            continue
        for event in snapshot.about(pod, "FailedMount")[:1]:
            if missing_reference(event.message):
                proof = Evidence(event.message, name_of(pod), "event FailedMount", event.time)
                yield _missing(pod, proof, snapshot)


# Words: pkg/kubelet/kubelet_pods.go, pkg/volume/{configmap,secret,projected}.
_KEY: Final = re.compile(r"couldn't find key (\S+) in (Secret|ConfigMap) (?:\S+/)?([^\s\"]+)")
_WHOLE: Final = re.compile(r"(secret|configmap) \"([^\"]+)\" not found", re.IGNORECASE)
_KEY_OF_VOLUME: Final = re.compile(r"references non-existent (secret|config) key: ([^\s,\]]+)")
_VOLUME: Final = re.compile(r"for volume \"([^\"]+)\"")


def missing_part(message: str, pod: Object | None = None) -> tuple[str, str, str]:
    """Kind, name and key ("" for the whole object) that a kubelet reports as missing; ("", "", "") otherwise.

    Of a key in a volume the kubelet does not say whose it is: the pod does. The name is "" where it does not either.
    """
    if match := _KEY.search(message):
        return match[2], match[3], match[1]
    if match := _WHOLE.search(message):
        return "Secret" if match[1].lower() == "secret" else "ConfigMap", match[2], ""
    if match := _KEY_OF_VOLUME.search(message):
        kind, volume = "Secret" if match[1] == "secret" else "ConfigMap", _VOLUME.search(message)
        return kind, _mounted_source(kind, match[2], volume[1] if volume else "", pod or {}), match[2]
    return "", "", ""


def _mounted_source(kind: str, key: str, volume: str, pod: Object) -> str:
    """The name of the Secret or ConfigMap from which a volume takes a key."""
    for given in (pod.get("spec") or {}).get("volumes") or ():
        if given.get("name") != volume:
            continue
        for source in (given, *((given.get("projected") or {}).get("sources") or ())):
            named = source.get(kind.lower() if kind == "Secret" else "configMap") or {}
            if any(item.get("key") == key for item in named.get("items") or ()):
                return str(named.get("secretName") or named.get("name") or "")
    return ""


def missing_reference(message: str, pod: Object | None = None) -> str:
    """What a kubelet reports as missing: "Secret x", "key k of Secret x"; "" for another message."""
    kind, name, key = missing_part(message, pod)
    whole = f"{kind} {name}" if name else f"a {kind}" if kind else ""
    return f"key {key} of {whole}" if key else whole


_REFUSED_USER: Final = "Change the security context (user, group, read-only root) or use an image made for it."


def _configuration(pod: Object, container: Mapping[str, Any], proof: Evidence, snapshot: Snapshot) -> Finding:
    if missing_reference(proof.text, pod):
        return _missing(pod, proof, snapshot)
    title = f"the container cannot be created like this: {proof.text}"
    other = _not_made(proof.text)
    remedy = other.remedy if other else _REFUSED_USER
    paths = _sub_paths(pod, container) if other and other.of_path else []
    lasting = other is None or other.lasting
    look = snapshot.command("kubectl", "get", "pod", str(pod["metadata"]["name"]), "-o", "yaml")
    return Finding(
        "CO07", title, snapshot.root_name(pod), (proof, *paths), (remedy,), lasting, "no" if lasting else "unknown",
        began(pod), commands=(look,),
    )  # fmt: skip


@dataclass(frozen=True)
class _NotMade:
    """Why a container is not made although its command and its user may be right."""

    pattern: re.Pattern[str]
    title: str
    remedy: str
    lasting: bool
    of_path: bool = False
    """A mount that names a path in its volume is the reason."""


_MOUNT: Final = "a volume cannot be mounted into container {name}"
_NOT_MADE: Final = (
    # Words: pkg/kubelet/kubelet_pods.go, pkg/kubelet/container/helpers.go, pkg/kubelet/util/manager, containerd internal/cri, runc libcontainer.
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
        re.compile(r"error mounting|cannot find volume"),
        _MOUNT,
        "Correct its volumeMounts: mountPath and subPath are both a file or both a folder, and the volume has what subPath names.",
        lasting=True,
    ),
    _NotMade(
        re.compile(r"subpath", re.IGNORECASE),
        _MOUNT,
        "Correct the subPath of the mount: a path in the volume, without .. in it, whose parents are folders.",
        lasting=True, of_path=True,
    ),
    _NotMade(
        re.compile(r"missing value for \S+"),
        _MOUNT,
        "The subPathExpr of a mount names a variable that the container has not: set it, or correct the name.",
        lasting=True, of_path=True,
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


def _sub_paths(pod: Object, container: Mapping[str, Any], path: str = "") -> list[Evidence]:
    """Evidence of the mounts of a container that name a path in their volume, or of the mount at one path."""
    spec, name = pod.get("spec") or {}, str(container.get("name"))
    volumes = {str(volume.get("name")): volume for volume in spec.get("volumes") or ()}
    found = []
    for mount in status.container_specs(pod).get(name, {}).get("volumeMounts") or ():
        below = mount.get("subPath") or mount.get("subPathExpr")
        if mount.get("mountPath") == path if path else below:
            volume = volumes.get(str(mount.get("name")), {})
            kinds = ", ".join(sorted(key for key in volume if key != "name"))
            words = f"{mount.get('mountPath')} is {f'{below} in ' if below else ''}volume {mount.get('name')} ({kinds})"
            found.append(Evidence(words, name_of(pod), f"{in_field(container)}.volumeMounts"))
    return found


def _missing(pod: Object, proof: Evidence, snapshot: Snapshot) -> Finding:
    kind, name, key = missing_part(proof.text, pod)
    missing = missing_reference(proof.text, pod)
    remedy = f"Create {missing}; the pod starts by itself as soon as it is there."
    return Finding(
        "CO06", f"{missing} is not there", snapshot.root_name(pod), (proof, *(_keys(kind, name, snapshot) if key else ())), (remedy,),
        heals="no", since=began(pod), commands=_look_at(kind, name if key else "", snapshot),
        avoid=("Don't reinstall: the Secrets that are there would not be made again.",),
    )  # fmt: skip


def _keys(kind: str, name: str, snapshot: Snapshot) -> list[Evidence]:
    """The existing keys of the named Secret or ConfigMap (never their values)."""
    obj = snapshot.named(kind, name)
    if obj is None:
        return []
    return [Evidence(", ".join(sorted(obj.get("data") or ())) or "none", name_of(obj), "keys there")]


def _look_at(kind: str, name: str, snapshot: Snapshot) -> tuple[str, ...]:
    if name:
        return (snapshot.command("kubectl", "describe", kind.lower(), name),)
    return (snapshot.command("kubectl", "get", f"{kind.lower()}s"),)


_BAD_COMMAND: Final = (126, 127, 128)
_USAGE: Final = re.compile(r"^\s*usage:|unrecognized (?:sub)?command|unknown (?:sub)?command|no such (?:command|option)|unexpected argument|try '?.*--help",
                           re.IGNORECASE | re.MULTILINE)  # fmt: skip


_UNKNOWN_FLAG: Final = re.compile(r"unknown (?:shorthand )?flag|flag provided but not defined|unknown (?:command|option) [\"'`-]|unrecognized (?:option|arguments)|invalid option --",
                                  re.IGNORECASE)  # fmt: skip


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
            if hook := _failed_hook(pod, container, wait, snapshot):
                yield hook
            elif reason in status.START_REASONS:
                yield _not_started(pod, container, f"{reason}: {wait.get('message', '')}", snapshot)
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
    words = f"{ended.get('reason', 'Error')}, exit code {code}, restarted {counted(again, 'time')}"
    message = " ".join(str(ended.get("message") or "").split())
    if ended.get("reason") == "OOMKilled":
        return _out_of_memory(pod, container, words, ended, snapshot)
    if killed := _killed(pod, container, snapshot):
        return _liveness(pod, container, words, killed, snapshot)
    by_runtime = ended.get("reason") in ("StartError", "ContainerCannotRun")
    if by_runtime or code in _BAD_COMMAND:
        look = _not_started if by_runtime else _bad_command  # else the message is the program's own
        return look(pod, container, f"{words}: {message}" if message else words, snapshot)
    field = f"{in_field(container)}.{_end_field(container)}"
    proof = [Evidence(words, name_of(pod), field, str(ended.get("finishedAt") or ""))]
    proof += [Evidence(f"its termination message: {message}")] if message else []
    lines = logs.telling(pod, container, snapshot)
    proof += [Evidence(line, name_of(pod), f"{in_field(container)} log") for line in lines]
    printed = "\n".join((message, *lines))
    usage = (code == 2 and _USAGE.search(printed)) or (code in (1, 64) and _UNKNOWN_FLAG.search(printed))
    if code == 0 or usage:
        return _ends_by_itself(pod, container, proof, snapshot, code)
    said = logs.last_words(pod, container, snapshot)
    return Finding(
        "CO11", f"container {container.get('name')} crashes with exit code {code}{f': {said}' if said else ''}", snapshot.root_name(pod), tuple(proof),
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
        Evidence(killed.message, name_of(pod), f"event Killing, seen {counted(killed.count, 'time')}", killed.time),
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


_HOOK_WORDS: Final = re.compile(
    r"lifecycle hook \((?P<hook>.*)\) for Container .* failed - error: (?P<error>.*)", re.DOTALL
)
"""pkg/kubelet/lifecycle/handlers.go; the event has none of it."""


def _failed_hook(
    pod: Object, container: Mapping[str, Any], wait: Mapping[str, Any], snapshot: Snapshot
) -> Finding | None:
    """The finding of a postStart hook that fails: the kubelet ends the container then, as it does for a probe."""
    name = str(container.get("name"))
    events = [event for event in snapshot.about(pod, "FailedPostStartHook") if event.container in ("", name)]
    stated = wait.get("reason") == "PostStartHookError"
    if container.get("ready") or not (stated or (events and "waiting" in (container.get("state") or {}))):
        return None
    told = _HOOK_WORDS.search(str(wait.get("message") or "")) if stated else None
    said = sanitize.shorten(_hook_said(told["error"]), _HOOK_SAID) if told else ""
    given = _hook(status.container_specs(pod).get(name, {}).get("lifecycle"))
    proof = [Evidence(str(wait.get("message")), name_of(pod), in_field(container), began(pod))] if told else []
    proof += [
        Evidence(one.message, name_of(pod), f"event {one.reason}, seen {counted(one.count, 'time')}", one.time)
        for one in events[:1]
    ]
    proof += [Evidence(given, name_of(pod), f"{in_field(container)}.lifecycle.postStart")] if given else []
    return Finding(
        "CO08", f"the postStart hook of container {name} fails{f': {said}' if said else ''}", snapshot.root_name(pod), tuple(proof),
        ("Correct the hook, or what it needs: the kubelet ends the container each time it fails.",), False, "no", began(pod),
        commands=(describe_command(pod, snapshot),),
    )  # fmt: skip


def _hook(lifecycle: Any) -> str:
    """The command of a postStart hook, or what it is instead; a bundle has a text in place of both hooks."""
    if not isinstance(lifecycle, Mapping):
        return str(lifecycle or "")
    hook = map_of(lifecycle, "postStart")
    command = map_of(hook, "exec").get("command")
    return " ".join(map(str, command)) if isinstance(command, list) else ", ".join(hook)


def _hook_said(error: str) -> str:
    """How a hook's command ended and what it printed, or why it could not be run."""
    if match := re.search(r"exited with (\d+)\b.*?message: \"(.*)\"", error, re.DOTALL):
        printed = " ".join(match[2].replace("\\n", " ").split())
        return f"exit code {match[1]}{f': {printed}' if printed else ''}"
    match = NOT_RUN.search(error)
    return match["why"] if match else " ".join(error.split())


_HOOK_SAID: Final = 160
_MOUNT_ERROR: Final = re.compile(
    r"error mounting \"[^\"]*\" to rootfs at \"(?P<path>[^\"]+)\": .*?: (?P<why>[a-z][^:]*)(?:: Are you .*)?(?:: unknown)?$",
    re.DOTALL,
)
"""libcontainer/rootfs_linux.go; the errno comes last, before runc's own question."""


def _not_started(pod: Object, container: Mapping[str, Any], words: str, snapshot: Snapshot) -> Finding:
    """The finding of a container that the runtime does not start: for a mount, for something of the node, or for its command."""
    if mount := _MOUNT_ERROR.search(words):
        return _bad_mount(pod, container, words, mount, snapshot)
    if other := _not_made(words):
        return Finding(
            "CO08", other.title.format(name=container.get("name")), snapshot.root_name(pod),
            (Evidence(words, name_of(pod), in_field(container), began(pod)),), (other.remedy,), other.lasting,
            "no" if other.lasting else "unknown", began(pod), commands=(describe_command(pod, snapshot),),
        )  # fmt: skip
    return _bad_command(pod, container, words, snapshot)


def _bad_mount(
    pod: Object, container: Mapping[str, Any], words: str, mount: re.Match[str], snapshot: Snapshot
) -> Finding:
    path, why = mount["path"], mount["why"].strip()
    remedy = f"Correct the mount at {path} of container {container.get('name')}."
    if "not a directory" in why or "is a directory" in why:
        remedy += (
            " A folder cannot be mounted over a file: a subPath that the ConfigMap or Secret has not becomes a folder."
        )
    return Finding(
        "CO07", f"the container cannot be created like this: its mount at {path} fails: {why}", snapshot.root_name(pod),
        (Evidence(words, name_of(pod), in_field(container), began(pod)), *_sub_paths(pod, container, path)), (remedy,), True, "no",
        began(pod), commands=(snapshot.command("kubectl", "get", "pod", str(pod["metadata"]["name"]), "-o", "yaml"),),
    )  # fmt: skip


def _bad_command(pod: Object, container: Mapping[str, Any], words: str, snapshot: Snapshot) -> Finding:
    return Finding(
        "CO08",
        f"the command of container {container.get('name')} cannot be run",
        snapshot.root_name(pod),
        (Evidence(words, name_of(pod), in_field(container), began(pod)), _given(pod, container)),
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
