"""Events as text lines, each after its clock time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from wizard.cli.output import Out, time_of
from wizard.core.reach.result import Reach
from wizard.core.run.events import Event
from wizard.core.run.log_view import readable
from wizard.core.text import log_line
from wizard.core.text.time import age
from wizard.core.text.words import counted

_HEALS: Final = {"yes": "heals by itself", "no": "will not heal by itself", "unknown": "may heal by itself"}


_NEWS: Final = ("state", "summary", "reason", "what", "why", "title", "evidence")
"""Fields whose change makes an event worth printing again; a new age alone does not."""


class EventPrinter:
    """Prints the events of one run or release, without repetitions.

    With `most_logs` at most so many log lines of one event: those that weigh most, and how many there are besides.
    """

    def __init__(self, out: Out, *, most_logs: int | None = None) -> None:
        self._out = out
        self._most_logs = most_logs
        self._last: dict[str, tuple[str, ...]] = {}
        self._printed: set[tuple[str, ...]] = set()
        self._notes = False

    def show(self, event: Event) -> None:
        """Print an event, unless it has nothing new for a person."""
        render = _RENDER.get(event.type)
        if render is None or (self._out.quiet and not _is_loud(event)):
            return
        if event.type in ("object.state", "waiting", "finding", "verdict", "watch.blind") and not self._news(event):
            return
        if event.type == "cluster.event" and not self._first(event):
            return
        if event.type == "helm.output" and event.data["stream"] == "out":
            event = replace(event, data={**event.data, "lines": self._before_notes(event.data["lines"])})
        if event.type == "log.lines" and self._most_logs is not None:
            event = replace(event, data={**event.data, "lines": _weightiest(event.data["lines"], self._most_logs)})
        self._out.lines([
            (f"{time_of(time)} {self._out.state(state)} " if state else f"{time_of(time)}   ", text)
            for time, state, text in render(event.data, event.time)
        ])  # fmt: skip

    def _before_notes(self, lines: Sequence[str]) -> list[str]:
        """The lines that helm prints before the chart's NOTES; the NOTES are shown at the end of the run."""
        before = []
        for line in lines:
            self._notes = self._notes or line.startswith("NOTES:")
            if not self._notes:
                before.append(line)
        return before

    def _first(self, event: Event) -> bool:
        """Whether a cluster event differs from all before it; a new count alone does not."""
        content = tuple(str(event.data[name]) for name in ("object", "reason", "message"))
        new = content not in self._printed
        self._printed.add(content)
        return new

    def _news(self, event: Event) -> bool:
        data = event.data
        keys = {"object.state": "uid", "finding": "object", "watch.blind": "what"}
        key = f"{event.type} {data.get('id', '')} {data.get(keys.get(event.type, ''), '')}"
        fields = (
            ("state",) if event.type == "verdict" else _NEWS
        )  # what it waits for and why come as events of their own
        now = tuple(str(data.get(name, "")) for name in fields)
        if self._last.get(key) == now:
            return False
        self._last[key] = now
        return True


_LOUD: Final = frozenset({
    "finding", "finding.healed", "fix.offered", "decision", "fix.applied", "verdict", "watch.blind", "record.gap", "rollback.started",
})  # fmt: skip
"""What is printed although the output is quiet."""


def _is_loud(event: Event) -> bool:
    """Whether an event tells what is wrong, or what was decided."""
    if event.type == "check.result":
        return bool(event.data["state"] != "pass")
    return event.type in _LOUD or (event.type in _HELM_OUTPUT and event.data["stream"] == "err")


_HELM_OUTPUT: Final = ("helm.output", "rollback.output")


def _weightiest(lines: Sequence[Sequence[str]], most: int) -> list[Sequence[str]]:
    """At most so many lines in their order, the later and weightier first; the last one counts the others."""
    if len(lines) <= most:
        return list(lines)
    best = sorted(range(len(lines)), key=lambda at: (log_line.read(lines[at][1]).weight, at))[-most:]
    left = len(lines) - most
    return [*(lines[at] for at in sorted(best)), (lines[-1][0], f"({counted(left, 'more line')})")]


Rendered = Iterator[tuple[str, str, str]]


def check_lines(data: Mapping[str, Any]) -> list[str]:
    """The lines of a check: id and title, then evidence, then the next step unless it passed."""
    lines = [f"{data['id']} {data['title']}"]
    lines += [f"      {text}" for text in data["evidence"]]
    if data["next_step"] and data["state"] != "pass":
        lines.append(f"      next: {data['next_step']}")
    return lines


def reach_lines(found: Reach) -> list[str]:
    """The lines of whether people reach a release: the sentence, the next step, and what each way in brought."""
    lines = [f"reachable: {found.text}"]
    lines += [f"      next: {found.next_step}"] if found.next_step else []
    return lines + [f"      {way.facts}" for way in found.ways]


def _started(data: Mapping[str, Any], time: str) -> Rendered:
    target = data["target"]
    where = f"{target.get('release', '')} -> {target.get('context', '')} / {target.get('namespace', '')}"
    yield (
        time,
        "progressing",
        f"run {data['id']}: {data['operation']} {where}, chart {data['chart']}, helm {data['helm']}",
    )


def _phase(data: Mapping[str, Any], time: str) -> Rendered:
    yield time, "", data["text"]


def _check(data: Mapping[str, Any], time: str) -> Rendered:
    first, *rest = check_lines(data)
    yield time, data["state"], first
    for text in rest:
        yield time, "", text


def _made(data: Mapping[str, Any], time: str) -> Rendered:
    keys = f" with {', '.join(data['keys'])}" if data["keys"] else ""
    yield time, "pass", f"{data['kind']}/{data['name']} {data['action']}{keys}"


def _called(data: Mapping[str, Any], time: str) -> Rendered:
    yield time, "", f"$ {' '.join(map(str, data['argv']))}"


def _helm_output(data: Mapping[str, Any], time: str) -> Rendered:
    for line in data["lines"]:
        yield time, "", f"helm | {line}"


def _helm_exited(data: Mapping[str, Any], time: str) -> Rendered:
    how = f"by {data['signal']}" if data["signal"] else f"with code {data['code']}"
    yield time, "pass" if data["code"] == 0 else "failed", f"helm ended {how}"


def _object(data: Mapping[str, Any], time: str) -> Rendered:
    name = f"{data['kind']}/{data['name']}"
    if data["state"] == "gone":
        yield time, "", f"{name} is gone"
        return
    reason = f"  {data['reason']}" if data["reason"] else ""
    restarts = f"  restarts {data['restarts']}" if data["restarts"] else ""
    yield time, data["state"], f"{name}  {data['summary']}{reason}{restarts}"


def _cluster_event(data: Mapping[str, Any], time: str) -> Rendered:
    if data["kind"] == "Warning":
        times = f" ({data['count']} times)" if (data["count"] or 1) > 1 else ""
        yield time, "warn", f"{data['object']} {data['reason']}: {data['message']}{times}"


def _log_lines(data: Mapping[str, Any], time: str) -> Rendered:
    before = " (before its restart)" if data["previous"] else ""
    for logged, text in data["lines"]:
        yield logged or time, "", f"{data['pod']} {data['container']}{before} | {readable(text)}"


def _log_gap(data: Mapping[str, Any], time: str) -> Rendered:
    count = "some lines" if data["lost"] is None else counted(data["lost"], "line")
    yield time, "warn", f"{data['pod']} {data['container']} | {count} lost: {data['reason']}"


def _waiting(data: Mapping[str, Any], time: str) -> Rendered:
    if not data["what"]:
        return
    since = age(data["since"], _moment(time))
    why = f": {data['why']}" if data["why"] else ""
    yield (
        time,
        "progressing",
        f"waiting for {data['what']}{f', {since}' if since else ''}{why} ({_HEALS.get(data['heals'], '')})",
    )


def _finding(data: Mapping[str, Any], time: str) -> Rendered:
    about = f" ({data['object']})" if data["object"] else ""
    yield time, "stuck" if data["terminal"] else "warn", f"{data['id']} {data['title']}{about}"
    for text in data["evidence"]:
        yield time, "", f"    {text}"
    for text in data["remedy"]:
        yield time, "", f"    next: {text}"
    for command in data.get("commands", ()):
        yield time, "", f"    $ {command}"
    for text in data.get("avoid", ()):
        yield time, "", f"    do not: {text}"


def _healed(data: Mapping[str, Any], time: str) -> Rendered:
    about = f" ({data['object']})" if data.get("object") else ""
    yield time, "pass", f"{data['id']} is over{about}"


def _fix_offered(data: Mapping[str, Any], time: str) -> Rendered:
    for fix in data["fixes"]:
        yield time, "", f"can be fixed while helm waits: {fix['title']}"
        if fix["refused"]:
            yield time, "", f"    {fix['refused']}"
        yield time, "", f"    by hand: {fix['command']}"


def _decision(data: Mapping[str, Any], time: str) -> Rendered:
    yield time, "", f"{data['who']} decided: {data['text']}"


def _fix_applied(data: Mapping[str, Any], time: str) -> Rendered:
    yield time, "pass" if data["ok"] else "fail", data["text"]


def _verdict(data: Mapping[str, Any], time: str) -> Rendered:
    yield time, data["state"], data["reason"]


def _reach(data: Mapping[str, Any], time: str) -> Rendered:
    first, *rest = reach_lines(Reach.of_data(data))
    yield time, data["state"], first
    for text in rest:
        yield time, "", text


def _hidden(data: Mapping[str, Any], time: str) -> Rendered:
    settle = f"; needs: {data['permission']}" if data["permission"] else ""
    yield time, "unknown", f"{data['what']} cannot be seen: {data['reason']}{settle}"


def _record_gap(data: Mapping[str, Any], time: str) -> Rendered:
    lost = f"; missing here: {counted(data['lost'], 'event')}" if data["lost"] else ""
    yield time, "warn", f"{data['reason']}{lost}"


def _moment(time: str) -> datetime:
    try:
        return datetime.fromisoformat(time)
    except ValueError:
        return datetime.now(UTC)


_RENDER: Final[Mapping[str, Callable[[Mapping[str, Any], str], Rendered]]] = {
    "run.started": _started,
    "run.phase": _phase,
    "check.result": _check,
    "object.made": _made,
    "helm.started": _called,
    "helm.output": _helm_output,
    "helm.exited": _helm_exited,
    "rollback.started": _called,
    "rollback.output": _helm_output,
    "rollback.exited": _helm_exited,
    "object.state": _object,
    "cluster.event": _cluster_event,
    "log.lines": _log_lines,
    "log.gap": _log_gap,
    "waiting": _waiting,
    "finding": _finding,
    "finding.healed": _healed,
    "fix.offered": _fix_offered,
    "decision": _decision,
    "fix.applied": _fix_applied,
    "verdict": _verdict,
    "reach": _reach,
    "watch.blind": _hidden,
    "record.gap": _record_gap,
}
"""The lines of each event type; run.notes and run.finished are shown as the summary at the end."""
