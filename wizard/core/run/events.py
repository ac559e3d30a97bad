"""The events of a run: one object per line in the record, in `--output jsonl` and on the control socket.

The shape `{"v":1,"seq":n,"time":"RFC3339 with ms","type":"check.result","data":{...}}` is public (design: contracts,
events and files). EVENTS lists every type and its data keys; a test keeps the list stable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from wizard.core import limits
from wizard.core.run import packed
from wizard.core.text import sanitize

VERSION: Final = 1
_LONGEST: Final = 256 * 1024
"""Characters of one text of an untrusted record."""

EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    # id; operation: install|upgrade|rollback|uninstall; target{context,namespace,release}; chart; helm; preset;
    # rollback_on_failure: bool; cluster_uid: of the namespace kube-system, "" when it was hidden
    "run.started": ("id", "operation", "target", "chart", "helm", "preset", "rollback_on_failure", "cluster_uid"),
    # phase: namespace|secrets|checks|helm|watching|rollback|finished; text: one sentence
    "run.phase": ("phase", "text"),
    # id, title, state: pass|warn|fail|unknown|skipped, evidence: [str], next_step, blocking, question
    "check.result": ("id", "title", "state", "evidence", "next_step", "blocking", "question"),
    # kind, name, action: created|kept|deleted|changed|made anew; keys: names only, never values
    "object.made": ("kind", "name", "action", "keys"),
    # argv is safe to show: it never holds a secret
    "helm.started": ("pid", "argv"),
    # stream: out|err; lines: [str], sanitised and redacted
    "helm.output": ("stream", "lines"),
    # code: int, or null when a signal ended helm; signal: name or ""
    "helm.exited": ("code", "signal"),
    # roll-back on failure: helm's second call, after the evidence was saved; argv is safe to show
    "rollback.started": ("argv",),
    # like helm.output, of the second call
    "rollback.output": ("stream", "lines"),
    # like helm.exited, of the second call
    "rollback.exited": ("code", "signal"),
    # the state of one watched object. state: ready|progressing|stuck|failed|unknown|gone; group: object|pod;
    # since: RFC3339; owner: "Kind/name" or ""; summary: "1 of 1", "Pending", ...
    "object.state": ("uid", "kind", "name", "group", "state", "summary", "reason", "since", "owner", "restarts"),
    # a Kubernetes event about an object of the release; kind: Normal|Warning
    "cluster.event": ("kind", "object", "reason", "message", "count"),
    # a batch of one container's lines; lines: [[RFC3339 or "", text], ...]; previous: bool
    "log.lines": ("pod", "container", "previous", "lines"),
    # a permanent loss of log lines; lost: int, or null when the number is unknown
    "log.gap": ("pod", "container", "lost", "reason"),
    # what helm waits for, since when, why, whether it will heal: yes|no|unknown
    "waiting": ("what", "since", "why", "heals"),
    # a diagnosed cause; object: "Kind/name"; evidence: [str]; remedy: [str]; terminal: bool
    "finding": (
        "id",
        "title",
        "object",
        "terminal",
        "evidence",
        "remedy",
        "urgent",
        "waits",
        "heals",
        "since",
        "rank",
        "commands",
        "avoid",
        "question",
    ),
    # the cause is gone
    "finding.healed": ("id", "object"),
    # the fixes of a finding while helm waits: [{id,title,needs,preview,command,refused}], [] when there is none
    "fix.offered": ("finding", "object", "fixes"),
    # a person's decision during the run; what: fix|stop; who: login name; text: one sentence without secrets
    "decision": ("what", "who", "text"),
    # the result of a fix; ok: bool; text: one sentence
    "fix.applied": ("finding", "object", "fix", "ok", "text"),
    # state: ready|progressing|stuck|failed|unknown
    "verdict": ("state", "reason"),
    # whether people reach the release now; state: pass|waiting|fail|unknown; ways: [{object,url,state,text,next_step,
    # dns,tcp,tls,http,broken}], dns to http "" where the request did not get so far, broken the first of them that did not
    # hold. Of `status`, never in a record
    "reach": ("state", "text", "next_step", "ways"),
    # something is hidden from the watcher: what, and the permission that would show it; reason "": visible again
    "watch.blind": ("what", "reason", "permission"),
    # events that could not be recorded; lost: their number
    "record.gap": ("lost", "reason"),
    # text of NOTES.txt, sanitised and redacted
    "run.notes": ("text",),
    # code: exit code; verdict; reason; files: [path]; commands: [str] that reproduce the run
    "run.finished": ("code", "verdict", "reason", "files", "commands"),
}


_OPTIONAL: Final[Mapping[str, frozenset[str]]] = {
    "run.started": frozenset({"rollback_on_failure", "cluster_uid"}),
    "finding": frozenset({"urgent", "waits", "heals", "since", "rank", "commands", "avoid", "question"}),
}
"""By type, keys that records of older versions lack."""


_FIX: Final = ("id", "title", "command", "refused")
_NEED: Final = ("id", "title", "kind")
_FLAGS: Final = frozenset({"rollback_on_failure", "blocking", "terminal", "previous", "ok", "urgent", "waits"})
_COUNTS: Final = frozenset({"pid", "restarts", "count", "rank"})
_COUNTS_OR_NONE: Final = frozenset({"code", "lost"})
_LISTS: Final = frozenset({"evidence", "keys", "argv", "remedy", "files", "commands", "avoid", "lines"})


@dataclass(frozen=True)
class Event:
    """One event. `time` is RFC 3339 in UTC with milliseconds; `seq` counts from 1 within a run."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    seq: int = 0
    time: str = ""

    def to_line(self) -> str:
        """The event as one line of JSON, without the line break."""
        whole = {"v": VERSION, "seq": self.seq, "time": self.time, "type": self.type, "data": self.data}
        return json.dumps(whole, separators=(",", ":"), ensure_ascii=False, default=packed.plain)

    @staticmethod
    def from_line(line: str) -> Event:
        """The event from a line of a record.

        Raises:
            ValueError: the line is not an event of a known version; the text says why.
        """
        whole = limits.loads(line)
        if not isinstance(whole, dict) or whole.get("v") != VERSION:
            raise ValueError(f"it is not an event of version {VERSION}")
        kind, seq, data = (whole.get(key) for key in ("type", "seq", "data"))
        if not isinstance(kind, str) or not limits.is_count(seq) or not isinstance(data, dict):
            raise ValueError("it has no type, seq or data")
        return Event(kind, data, seq, str(whole.get("time") or ""))

    @staticmethod
    def of_record(line: bytes) -> Event:
        """The event from a line of a record; log lines stay packed.

        Raises:
            ValueError: as from_line.
        """
        match = packed.ENVELOPE.fullmatch(line)
        if match is None or int(match[1]) != VERSION:
            return Event.from_line(line.decode("utf-8"))
        pod, container = match[4].decode("utf-8"), match[5].decode("utf-8")
        lines = packed.PackedLines(match[7])
        data = {"pod": pod, "container": container, "previous": match[6] == b"true", "lines": lines}
        return Event("log.lines", data, int(match[2]), match[3].decode("utf-8"))

    def checked(self) -> Event:
        """The event, after its data were checked against EVENTS; further keys, of a newer version, are allowed.

        Raises:
            ValueError: a key is missing or malformed; the text says which.
        """
        if isinstance(self.data.get("lines"), packed.PackedLines):
            return self  # its line matched ENVELOPE
        for key in EVENTS.get(self.type, ()):
            if key not in self.data:
                if key in _OPTIONAL.get(self.type, ()):
                    continue
                raise ValueError(f"its {key} is missing")
            if not _is_right(self.type, key, self.data[key]):
                raise ValueError(f"its {key} is not what it should be")
        return self

    def safe(self) -> Event:
        """The event of an untrusted record with every text safe to print; only notes keep line breaks."""
        notes = self.type == "run.notes"
        return Event(sanitize.line(self.type), _safe(self.data, notes=notes), self.seq, _moment(self.time))


def _moment(text: str) -> str:
    """The time of an event, "" when it has no offset or is outside of the years 1970 to 9998."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return text if moment.tzinfo and 1970 <= moment.year < 9999 else ""


def _is_right(kind: str, key: str, value: Any) -> bool:
    if key in _COUNTS or key in _COUNTS_OR_NONE:
        return limits.is_count(value) or (value is None and key in _COUNTS_OR_NONE)
    if key in _FLAGS:
        return isinstance(value, bool)
    if key in _LISTS:
        return _pairs(value) if kind == "log.lines" else limits.texts(value)
    if key == "target":
        return isinstance(value, Mapping) and all(isinstance(text, str) for text in value.values())
    if key == "ways":
        return isinstance(value, list) and all(isinstance(way, dict) and limits.texts([*way.values()]) for way in value)
    return _fixes(value) if key == "fixes" else isinstance(value, str)


def _safe(value: Any, *, notes: bool) -> Any:
    if isinstance(value, str):
        return sanitize.text(value, _LONGEST) if notes else sanitize.line(value, _LONGEST)
    if isinstance(value, Mapping):
        return {sanitize.line(str(key)): _safe(item, notes=notes) for key, item in value.items()}
    return [_safe(item, notes=notes) for item in value] if isinstance(value, Sequence) else value


def _pairs(value: Any) -> bool:
    return isinstance(value, list) and all(limits.texts(pair) and len(pair) == 2 for pair in value)


def _fixes(value: Any) -> bool:
    if not isinstance(value, list) or not all(isinstance(fix, dict) for fix in value):
        return False
    needs = [need for fix in value for need in _list(fix.get("needs"))]
    return all(
        limits.texts(fix.get("preview")) and all(isinstance(fix.get(key), str) for key in _FIX) for fix in value
    ) and all(
        isinstance(need, dict)
        and limits.texts(need.get("choices"))
        and all(isinstance(need.get(key), str) for key in _NEED)
        for need in needs
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [None]
