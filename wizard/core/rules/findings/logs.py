"""Causes that only the output of an application tells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings import hosts
from wizard.core.rules.findings.messages import BY_ALTER, MESSAGES, UNKNOWN_USER, Message
from wizard.core.rules.findings.pods import in_field, log_command
from wizard.core.rules.findings.readiness import probe_failures
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text import log_line
from wizard.core.text.log_line import LogLine, Weight
from wizard.core.text.time import parse_time


@dataclass(frozen=True)
class Cause:
    """A message of a container that names a cause, with its line and the place of the line."""

    message: Message
    match: re.Match[str]
    line: str
    place: str


_ID: Final = tuple(dict.fromkeys(message.id for message in MESSAGES))
_STORES: Final = (
    (
        r"WRONGPASS|NOAUTH|HELLO must|AUTH <|read only replica|dataset in memory|maxmemory|MOVED|CROSSSLOT|cluster|this user has no|username-password pair|NOPERM|DB index|LOADING|READONLY You|redis|max number of clients|append.only|RDB",
        "cache",
    ),
    (r"", "database"),
)


@finding(*_ID)
def cause_in_output(snapshot: Snapshot) -> Iterator[Finding]:
    """The probe, termination message or log of a container that is not ready names the cause."""
    for pod in snapshot.starting_pods():
        for container in status.container_statuses(pod):
            stated = cause(pod, container, snapshot)
            if stated and not (stated.message.waits and _begins(container, snapshot)):
                yield finding_of(pod, container, stated, snapshot)


_FIRST_SECONDS: Final = 20
"""Seconds in which a program that has just been started for the first time may wait for what it calls."""


def _begins(container: Mapping[str, Any], snapshot: Snapshot) -> bool:
    started = str(((container.get("state") or {}).get("running") or {}).get("startedAt") or "")
    return bool(started) and not container.get("restartCount") and not snapshot.older(started, _FIRST_SECONDS)


_REPEATED: Final = 3
"""Warnings of one cause that are no aside any more."""
_LEADS: Final = 3
"""Lines before a program's last words that may say why: lighter ones between, such as a stack trace, do not count."""


def cause(pod: Object, container: Mapping[str, Any], snapshot: Snapshot) -> Cause | None:
    """The cause that the output of an unready container (its status) names; None when there is none.

    None also when the container is ready, was killed for its memory, or said something of more weight that names no
    cause known here. What is no more than a warning names a cause only when it is repeated.
    """
    ended = status.last_end(container)
    if container.get("ready") or (ended and (ended.get("exitCode") == 0 or ended.get("reason") == "OOMKilled")):
        return None
    said = list(_said(pod, container, ended or {}, snapshot))
    begins = {line.age: line.read.message for line in said}
    found = [
        (line, one)
        for line in said
        if line.weight > Weight.ASIDE
        and (one := _matched(line))
        and not one.message.of_callers(begins.get(line.block, ""))
    ]
    times = Counter(one.message.id for _, one in found)

    def counted(line: _Line, one: Cause) -> Weight:
        return _counts(max(line.weight, line.head), times[one.message.id])

    weighed = [entry for entry in found if counted(*entry) > Weight.WARNING]
    if not weighed:
        return None
    best, stated = max(
        weighed,
        key=lambda entry: (
            counted(*entry), not entry[1].message.wrapper, entry[0].weight, -MESSAGES.index(entry[1].message), -entry[0].age,
        ),
    )  # fmt: skip
    most = counted(best, stated)
    known = {line.block for line, _ in found}
    heavier = [
        line
        for line in said
        if line.weight > most and line.block not in known and not _ends(line) and not _leads(found, line, said)
    ]
    if heavier:
        return None
    if not (stated.message.wrapper and stated.message.id in _UNCONNECTED):
        return stated
    often = {id_ for id_, seen in times.items() if seen >= _REPEATED}
    why = (one for _, one in found if _why_unconnected(pod, str(container.get("name")), one, often, snapshot))
    return next(why, stated)


_UNCONNECTED: Final = ("LG04", "LG21")
_REFUSED: Final = ("LG01", "LG05", "LG07", "LG16", "LG22", "LG25")


def _why_unconnected(pod: Object, name: str, one: Cause, often: Container[str], snapshot: Snapshot) -> bool:
    """Whether a message says why there is no connection, though it was perhaps only warned of: to a store, or again and again."""
    if one.message.wrapper or one.message.id not in ("LG03", "LG04", *_REFUSED):
        return False
    called = hosts.called(pod, name, one.line, snapshot)
    to_store = hosts.is_store(pod, name, called.host) or (one.message.id in _REFUSED and not called.host)
    return to_store or one.message.id in often


@dataclass(frozen=True)
class _Line:
    """One text of a container: its place, its weight, and how many came after it.

    `block` is the age of the line with which its message begins, and `head` that line's weight: what stands below an
    exception is a part of it.
    """

    place: str
    read: LogLine
    weight: Weight
    age: int
    block: int
    head: Weight


def _matched(line: _Line) -> Cause | None:
    found = _known(line.read)
    return Cause(*found, line.read.text, line.place) if found else None


_QUOTED: Final = re.compile(r"\\+([\"'])")
"""A quotation mark within a text that was quoted once more, as in JSON or in Rust's debug format."""


@lru_cache(1_024)
def _known(line: LogLine) -> tuple[Message, re.Match[str]] | None:
    """The first message of the catalogue that a line is, by its message or else by the whole of it."""
    if _FRAME.match(line.text):
        return None
    whole = line.text[: log_line.READ]
    texts = [log_line.bare(line.message), *([whole] if line.message not in (whole, line.text) else [])]
    matches = [found for text in texts if (found := _matching(_QUOTED.sub(r"\1", text)))]
    return min(matches, key=lambda found: MESSAGES.index(found[0]), default=None)


_FRAME: Final = re.compile(r"\s*(?:at [\w.$<]|File \"|\.\.\. \d+ |from /|#\d+ )")
"""A frame of a stack trace: the names of functions and files in it say nothing of the cause."""


@lru_cache(4_096)
def _matching(text: str) -> tuple[Message, re.Match[str]] | None:
    """The first message that a text is; the same text comes again and again, with other times in front of it."""
    lowered = text.lower()
    matches = ((message, message.search(text, lowered)) for message in MESSAGES)
    return next(((message, match) for message, match in matches if match), None)


def _counts(weight: Weight, times: int) -> Weight:
    """The weight of a line that names a cause: one without a level counts as an error, and so does a repeated warning."""
    plain = weight == Weight.PLAIN or (weight == Weight.WARNING and times >= _REPEATED)
    return Weight.ERROR if plain else weight


def _leads(found: Sequence[tuple[_Line, Cause]], last: _Line, said: Sequence[_Line]) -> bool:
    """Whether a known cause stands right before the last words: "cannot start" after "connection refused".

    Before a panic only what ends a program counts, unless that says that all tries are used up, or that a store is not connected.
    """
    own = last.read.uncaught and not _OUTCOME.search(last.read.message)
    return any(
        line.age > last.age and sum(last.age < other.age < line.age and other.weight >= line.weight for other in said) < _LEADS
        for line, one in found
        if line.weight >= Weight.PLAIN and (not own or (one.message.terminal and line.weight >= Weight.ERROR))
    )  # fmt: skip


_OUTCOME: Final = re.compile(
    r"max(?:imum)? (?:number of )?(?:re)?tries|retry limit|retries (?:exhausted|exceeded)|RetryError|(?:gave|giving) up"
    r"|(?:fail(?:ed|ure)?|unable|could ?n[o']t|cannot|can't) (?:to )?connect(?:ing|ion)?(?: to)?(?: the)? (?:database|db|postgres\w*|redis|cache|broker)\s*$",
    re.IGNORECASE,
)
"""Last words that tell only what came of it; what failed is in the lines before."""


_FAREWELL: Final = re.compile(
    r"\W*(?:the )?(?:\w+ )?(?:is |was |has |will )?(?:terminat(?:ed|ing)|exit(?:ing|ed|s)?|stopp(?:ed|ing)|shut(?:ting)?[ -]?down|abort(?:ed|ing)?|failed"
    r"|died|crashed|goodbye|bye)(?: (?:now|due to (?:an |the )?errors?|with code \d+))?\W*",
    re.IGNORECASE,
)


def _ends(line: _Line) -> bool:
    """Whether a line says only that its program ends."""
    return bool(_FAREWELL.fullmatch(log_line.bare(line.read.message)[:_SAID]))


def telling(pod: Object, container: Mapping[str, Any], snapshot: Snapshot, count: int = 3) -> list[str]:
    """The lines of most weight of an unready container, oldest first; the last ones where all weigh the same."""
    lines = _lines(pod, container, snapshot)
    most = max((line.weight for line in lines), default=Weight.ASIDE)
    heavy = [line.read.text for line in reversed(lines) if line.weight == most]
    return heavy[-count:]


def last_words(pod: Object, container: Mapping[str, Any], snapshot: Snapshot) -> str:
    """The newest of the lines of most weight, without time and level; "" where none is of an error."""
    lines = [
        line
        for line in _lines(pod, container, snapshot)
        if (line.weight >= Weight.ERROR or (line.weight == Weight.PLAIN and _COMPLAINS.search(line.read.message)))
        and not _ANNOUNCES.search(line.read.text) and not _ends(line) and not _FRAME.match(line.read.text)
    ]  # fmt: skip
    last = max(lines, key=lambda line: (line.weight, -line.age), default=None)
    return _short(log_line.bare(last.read.message), _SAID) if last else ""


_COMPLAINS: Final = re.compile(
    r"\b(?:fail|error|cannot|can't|could not|unable|refus|missing|invalid|denied|not found)", re.IGNORECASE
)
_ANNOUNCES: Final = re.compile(r"^Traceback|panicked at [^\n]*:\s*$|^\w*Error:\s*$")
"""A line that only says that another one tells what happened."""


def own_cause(pod: Object, container: Mapping[str, Any], snapshot: Snapshot) -> bool:
    """Whether its last words are of the weight of a panic: then it does not only wait for something."""
    return any(line.weight == Weight.FATAL for line in _lines(pod, container, snapshot))


def _said(pod: Object, container: Mapping[str, Any], ended: Mapping[str, Any], snapshot: Snapshot) -> Iterator[_Line]:
    """All texts, newest first. Connection errors of probes are left out: they are not the application's own."""
    for event in probe_failures(pod, container, snapshot)[:1]:
        if not re.search(r"connection refused|timed? ?out|deadline", event.message):
            yield _Line("event Unhealthy", log_line.read(event.message), Weight.PLAIN, -2, -2, Weight.PLAIN)
    if words := str(ended.get("message") or ""):
        yield _Line("termination message", log_line.read(words), Weight.FATAL, -1, -1, Weight.FATAL)
    yield from _lines(pod, container, snapshot)


def _lines(pod: Object, container: Mapping[str, Any], snapshot: Snapshot) -> list[_Line]:
    """The lines of its log, newest first; what follows a panic without a message is that message."""
    texts = snapshot.logs.get((str(pod["metadata"]["name"]), str(container.get("name"))), ())
    lines = _whole([log_line.read(text) for text in texts if text.strip()])
    weights = [line.weight for line in lines]
    for place, line in enumerate(lines[:-1]):
        if weights[place] == Weight.FATAL and (_HEAD.search(line.message) or _DETAIL.search(lines[place + 1].message)):
            weights[place + 1] = Weight.FATAL
    for place in _exporting(lines):
        weights[place] = Weight.ASIDE
    heads = list(_heads(lines, weights))
    return [
        _Line("log", lines[place], weights[place], len(lines) - 1 - place, len(lines) - 1 - heads[place], weights[heads[place]])
        for place in reversed(range(len(lines)))
    ]  # fmt: skip


_LONGEST_MESSAGE: Final = 80
"""Lines that may belong to the one with which a message begins."""


_TAG: Final = re.compile(r"[\[(<]\S+")
"""What stands in front of a line of its own, a thread or a request; below a message of that request it goes on."""


def _heads(lines: Sequence[LogLine], weights: Sequence[Weight]) -> Iterator[int]:
    """For each line the place of the one with which its message begins: itself, or an error above that it goes on with."""
    head = 0
    for place, line in enumerate(lines):
        goes_on = weights[place] == Weight.PLAIN or (line.uncaught and _TRACE.match(line.text))
        within = place and place - head <= _LONGEST_MESSAGE and weights[head] >= Weight.ERROR
        tag = _TAG.match(line.text)
        if not (within and goes_on) or log_line.dated(line.text) or (tag and tag[0] not in lines[head].text):
            head = place
        yield head


_MORE: Final = 12
"""Lines below an exception that may be the rest of its message."""
_OPEN: Final = re.compile(r"(?::|[\[({]|\bfor \w+|\b(?:failed|failures?)(?: \w+)?)\s*$", re.IGNORECASE)
"""The end of a first line that announces more: "2 validation errors for Settings", "Validate failed: ... failed validation"."""
_REST: Final = re.compile(r"(?!\s*(?:at |File \"|\.\.\. \d+ more))(?:\s+\S|[A-Za-z]|->|- )")
"""A line that is no frame of a stack trace, and has no time or bracket in front as a line of its own has."""


def _whole(lines: Sequence[LogLine]) -> list[LogLine]:
    """The lines, an exception whose first line announces more as one line with its rest."""
    joined: list[LogLine] = []
    rest = 0
    for line in lines:
        head = joined[-1] if joined else None
        if head and rest and line.weight == Weight.PLAIN and _REST.match(line.text):
            joined[-1], rest = log_line.read(f"{head.text} {line.text.strip()}"), rest - 1
            continue
        joined.append(line)
        rest = _MORE if line.uncaught and _OPEN.search(line.message) and not _HEAD.search(line.message) else 0
    return joined


_TRACE: Final = re.compile(
    r"\s|Traceback |Caused by: |The above exception |During handling |(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception)\b"
)
"""A line of a stack trace, below the line that announces it."""
_EXPORTER: Final = re.compile(r"opentelemetry[/.](?:sdk|exporter)|ddtrace[/.]internal|Exception while exporting")
_UNSENT: Final = re.compile(r"(?:java\.(?:net|io)|okhttp3|io\.(?:grpc|netty))\.[\w.$]*Exception\b")
"""What Java writes below a message of something that could not be sent; other exceptions may be the program's own."""


def _exporting(lines: Sequence[LogLine]) -> Iterator[int]:
    """The places of stack traces that are about telemetry, which an exporter writes and goes on."""
    head = 0
    for place in range(1, len(lines) + 1):
        if place < len(lines) and _continues(lines[place].text, lines[place - 1].text if place - 1 > head else ""):
            continue
        said, trace = lines[head].message, [line.text for line in lines[head + 1 : place]]
        unsent = trace and _UNSENT.match(trace[0]) and log_line.of_telemetry(said)
        failed = any(log_line.of_telemetry(text) for text in trace if not text[0].isspace())
        if unsent or failed or _EXPORTER.search("\n".join((said, *trace))):
            yield from range(head, place)
        head = place


def _continues(text: str, above: str) -> bool:
    """Whether a line goes on with the trace above: a second traceback does only where the first says so."""
    begins = text.startswith("Traceback") and bool(above)
    return bool(_TRACE.match(text)) and (not begins or above.startswith(("The above exception ", "During handling ")))


_HEAD: Final = re.compile(r"panicked at .*:\s*$")
_DETAIL: Final = re.compile(r"\bDETAIL:  ")


def finding_of(pod: Object, container: Mapping[str, Any], stated: Cause, snapshot: Snapshot) -> Finding:
    """The finding of a stated cause, on the workload of the pod or on the store that it is about."""
    message, name = stated.message, str(container.get("name"))
    secret, called = _secret(pod, name, stated), hosts.called(pod, name, stated.line, snapshot)
    if message.id == "LG03" and not called.host:
        called = hosts.without_service(pod, name, snapshot)
    store = next(word for pattern, word in _STORES if re.search(pattern, stated.match[0], re.IGNORECASE))
    how = BY_ALTER if store == "database" else ""
    named = {key: f" {value}" if value else "" for key, value in stated.match.groupdict().items()}
    broken = hosts.store(pod, name, message.of_store, snapshot) if message.of_store else ""
    disk = _with_the_disk(broken, snapshot) or (pod, name)
    parts = {
        "store": store, "secret": secret, "host": called.host or "the address it calls", "how": how,
        "volume": _volume(*disk), "unknown": UNKNOWN_USER if store == "database" else "", "said": _telling_part(stated), "old": "", "new": "", **named,
    }  # fmt: skip
    setting = _setting(pod, container, snapshot) if message.id == "LG24" else ""
    if "configuration file" in stated.match[0] and setting:
        parts["said"] = _short(setting, _SAID)
    title, remedy = message.title.format(**parts), tuple(remedy.format(**parts) for remedy in message.remedy)
    password = snapshot.named("Secret", secret.removeprefix("Secret ")) if message.id == "LG01" else None
    changed = _changed_since(container, password)
    if changed:
        title, remedy = _OLD_PASSWORD[0].format(**parts), _OLD_PASSWORD[1]
    if message.id == "VO06" and not _claims(pod, name) and (scratch := _scratch(pod, name)) and not broken:
        title, remedy = message.title.format(volume=scratch), _MORE_SCRATCH
    if message.id == "LG20" and (script := _mounted_program(pod, name, stated.line)):
        title, remedy = _NO_PROGRAM[0].format(path=script), _NO_PROGRAM[1]
    if message.id == "LG04" and (other := hosts.other_port(called, stated.line, snapshot)):
        title, remedy = other
    kind = "LG03" if message.id == "LG04" and hosts.never_resolved(called, stated.line, snapshot) else message.id
    if kind == "LG03":
        title, remedy = hosts.unresolved(called, stated.line, snapshot) or (title, remedy)
    text = stated.match[0] if message.id == "LG01" else _short(stated.line)
    proof = [Evidence(text, name_of(pod), in_field(container))]
    proof += hosts.evidence(called, snapshot) if message.id in ("LG03", "LG04", "LG21") else []
    proof += _size(*disk, snapshot) if message.id == "VO06" else []
    proof += changed or _age(password, snapshot)
    proof += [Evidence(_short(setting), name_of(pod), f"{in_field(container)} log")] if setting else []
    proof += _port_of_another(pod, name, stated.line) if message.id == "LG11" else []
    proof += _revision_before(pod, name, stated.match, snapshot) if message.id == "LG09" else []
    proof += _of_store(broken, snapshot)
    return Finding(
        kind,
        title,
        broken or snapshot.root_name(pod),
        tuple(proof),
        remedy,
        message.terminal and not changed,
        message.heals,
        status.unready_since(pod, container) or status.created(pod),
        waits=message.waits,
        commands=(log_command(pod, container, snapshot),),
        avoid=() if changed else message.avoid,
        unseen=_not_seen(message.id, secret, snapshot),
        calls=called.host if message.waits else "",
        affects=(snapshot.root_name(pod),) if broken else (),
    )


_SETTING: Final = re.compile(
    r"(?:unrecognized configuration parameter|invalid value for parameter|parameter \"[^\"]+\" requires a)[^\n]*"
    r"|[^\n]*is outside the valid range for parameter[^\n]*|^argument(?:\(s\))? [^\n]+"
)
"""PostgreSQL says it as a message of no weight, above the fatal one; Redis in the line below the one that it quotes."""


def _setting(pod: Object, container: Mapping[str, Any], snapshot: Snapshot) -> str:
    """What the log says of the setting that is not taken, beside the line that names the cause; "" for nothing."""
    matches = (_SETTING.search(line.read.text[: log_line.READ]) for line in _lines(pod, container, snapshot))
    return next((match[0].strip() for match in matches if match), "")


_NO_PROGRAM: Final = (
    "{path} comes from a volume, and the node cannot run it as a program",
    (
        "Begin a script with a line such as #!/bin/sh, or give it to its interpreter as an argument.",
        "A program in the volume has to be built for the node's architecture.",
    ),
)
_STARTED: Final = re.compile(r"exec (/\S+): exec format error")


def _mounted_program(pod: Object, name: str, line: str) -> str:
    """The program that could not be run, where it is a file of a volume rather than of the image; else ""."""
    started = _STARTED.search(line)
    mounts = status.container_specs(pod).get(name, {}).get("volumeMounts") or ()
    paths = (str(mount.get("mountPath") or "").rstrip("/") for mount in mounts)
    return started[1] if started and any(f"{started[1]}/".startswith(f"{path}/") for path in paths if path) else ""


def _of_store(workload: str, snapshot: Snapshot) -> list[Evidence]:
    """The store's own last complaint: the newest line of its log that names a cause, or is a warning of Redis ("#")."""
    for pod in snapshot.of_kind("Pod") if workload else ():
        for container in status.container_statuses(pod) if snapshot.root_name(pod) == workload else ():
            for line in _lines(pod, container, snapshot):
                if _known(line.read) or _REDIS_WARNING.match(line.read.text):
                    return [Evidence(_short(line.read.text), name_of(pod), f"{in_field(container)} log")]
    return []


_REDIS_WARNING: Final = re.compile(r"\d+:[A-Z] .{20,32} # ")


def _port_of_another(pod: Object, name: str, line: str) -> list[Evidence]:
    """Evidence of another container of the pod that has the port that the line names, or one that both declare."""
    ports = {
        other: {int(port.get("containerPort") or 0) for port in spec.get("ports") or ()}
        for other, spec in status.container_specs(pod).items()
    }
    wanted = {int(number) for number in re.findall(r":(\d{2,5})\b", line)} | ports.get(name, set())
    return [
        Evidence(", ".join(str(port) for port in sorted(shared)), name_of(pod), f"container {other}.ports")
        for other, have in ports.items()
        if other != name and (shared := have & wanted)
    ]


def _revision_before(pod: Object, name: str, match: re.Match[str], snapshot: Snapshot) -> list[Evidence]:
    """Evidence of the earlier rollout whose container had the variable."""
    groups = match.groupdict()
    variable = groups.get("variable") or groups.get("named") or groups.get("setting") or ""
    if not variable or variable in _variables(status.container_specs(pod).get(name, {})):
        return []
    root = snapshot.root_name(pod)
    return [
        Evidence(f"had {variable}; this one has not", name_of(older), "spec.template.spec.containers.env")
        for older in snapshot.of_kind("ReplicaSet")
        if snapshot.root_name(older) == root
        and any(
            container.get("name") == name and variable in _variables(container)
            for container in ((older.get("spec", {}).get("template") or {}).get("spec") or {}).get("containers") or ()
        )
    ]


def _variables(container: Mapping[str, Any]) -> set[str]:
    return {str(variable.get("name")) for variable in container.get("env") or ()}


_SAID: Final = 120
"""Characters of a line in a title."""
_LONGEST: Final = 240


def _telling_part(stated: Cause) -> str:
    """As much of the message as a title takes, from the words that name the cause where those would be cut off or are not in it."""
    said, words = log_line.bare(log_line.read(stated.line).message), " ".join(stated.match[0].split())
    before, found, after = said.partition(words)
    if found and len(before) + len(words) <= _SAID:
        return _short(said, _SAID)
    return _short(f"...{words}{after}", _SAID)


def _short(line: str, longest: int = _LONGEST) -> str:
    return line if len(line) <= longest else f"{line[:longest]}..."


_OLD_PASSWORD: Final = (
    "{secret} was changed after the pod started, which still uses the old password",
    (
        "Restart the pods: a container reads the variables of a Secret only when it starts.",
        "If the store then refuses the new one too, it has to be changed inside it as well.",
    ),
)


def _changed_since(container: Mapping[str, Any], secret: Object | None) -> list[Evidence]:
    """Evidence that the Secret was written after the start of the container that took its password from it."""
    started = str(((container.get("state") or {}).get("running") or {}).get("startedAt") or "")
    written = status.written(secret) if secret else ""
    begun, changed = parse_time(started), parse_time(written)
    if not secret or not begun or not changed or changed <= begun:
        return []
    return [Evidence(f"written {written}, the container started {started}", name_of(secret), "metadata")]


def _age(secret: Object | None, snapshot: Snapshot) -> list[Evidence]:
    """Evidence that the Secret is younger than the data that was created with its password."""
    claims = [claim for claim in snapshot.of_kind("PersistentVolumeClaim") if secret and _is_older(claim, secret)]
    if not secret or not claims:
        return []
    made = f"made {status.created(secret)}, after the data of {name_of(claims[0])} ({status.created(claims[0])})"
    return [Evidence(made, name_of(secret), "metadata.creationTimestamp", status.created(secret))]


def _with_the_disk(workload: str, snapshot: Snapshot) -> tuple[Object, str] | None:
    """The pod of a workload and its container that mounts a claim, started or not; None for none."""
    pods = [pod for pod in snapshot.of_kind("Pod") if workload and snapshot.root_name(pod) == workload]
    mounting = ((pod, name) for pod in pods for name in status.container_specs(pod) if _claims(pod, name))
    return next(mounting, None)


def _claims(pod: Object, container: str) -> list[str]:
    """Claims that a container mounts."""
    mounts = {mount.get("name") for mount in status.container_specs(pod).get(container, {}).get("volumeMounts") or ()}
    volumes = [volume for volume in pod.get("spec", {}).get("volumes") or () if volume.get("name") in mounts]
    return [
        str(volume["persistentVolumeClaim"].get("claimName"))
        for volume in volumes
        if volume.get("persistentVolumeClaim")
    ]


def _volume(pod: Object, container: str) -> str:
    claims = _claims(pod, container)
    return f"claim {', '.join(claims)}" if claims else "that of its node, or a volume that lives as long as the pod"


_MORE_SCRATCH: Final = (
    "Raise its sizeLimit, and with medium Memory the memory limit of the container too: what is in it counts there.",
    "Or write less to it: what is in it goes with the pod.",
)


def _scratch(pod: Object, container: str) -> str:
    """The emptyDirs of a container that have a limit, each with it; "" for none."""
    mounts = status.container_specs(pod).get(container, {}).get("volumeMounts") or ()
    paths = {str(mount.get("name")): str(mount.get("mountPath")) for mount in mounts}
    limits = (
        (str(volume.get("name")), str((volume.get("emptyDir") or {}).get("sizeLimit") or ""))
        for volume in pod.get("spec", {}).get("volumes") or ()
    )
    return ", ".join(
        f"volume {name} at {paths[name]} (emptyDir, sizeLimit {limit})"
        for name, limit in limits
        if limit and name in paths
    )


def _size(pod: Object, container: str, snapshot: Snapshot) -> list[Evidence]:
    evidence = []
    for name in _claims(pod, container):
        claim = snapshot.named("PersistentVolumeClaim", name)
        size = ((claim or {}).get("status", {}).get("capacity") or {}).get("storage")
        if claim and size:
            evidence.append(Evidence(str(size), name_of(claim), "status.capacity.storage"))
    return evidence


def _is_older(claim: Object, secret: Object) -> bool:
    before, after = parse_time(status.created(claim)), parse_time(status.created(secret))
    return bool(before and after and (after - before).total_seconds() > 60)


def _not_seen(id_: str, secret: str, snapshot: Snapshot) -> tuple[str, ...]:
    name = secret.removeprefix("Secret ")
    if id_ != "LG01" or secret == _UNNAMED or snapshot.named("Secret", name):
        return ()
    where = f" in namespace {snapshot.namespace}" if snapshot.namespace else ""
    return (f"when {secret} was written: get secrets{where}",)


_UNNAMED: Final = "its Secret"


def _secret(pod: Object, container: str, stated: Cause) -> str:
    """The Secret from which a container reads its password, as "Secret name"; "its Secret" when it cannot be told."""
    spec, wanted = pod.get("spec", {}), hosts.DATABASE if stated.match[0].startswith("password") else hosts.CACHE
    named = status.container_specs(pod).get(container, {})
    sources = []
    for variable in named.get("env") or ():
        source = (variable.get("valueFrom") or {}).get("secretKeyRef") or {}
        sources.append((str(source.get("name") or ""), f"{variable.get('name')} {source.get('name')}"))
    mounted = {str(mount.get("name")): str(mount.get("mountPath")) for mount in named.get("volumeMounts") or ()}
    for volume in spec.get("volumes") or ():
        name = str((volume.get("secret") or {}).get("secretName") or "")
        if volume.get("name") in mounted:
            sources.append((name, f"{mounted[volume['name']]} {name}"))
    return next((f"Secret {name}" for name, text in sources if name and wanted.search(text)), _UNNAMED)
