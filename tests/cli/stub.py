"""What the command line is tested with: a session over the real chart, a check, the record of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.stub_session import RUN_ID, StubSession
from wizard.adapters.drafts import DraftFiles
from wizard.core.rules.check import CheckResult
from wizard.core.run.events import Event
from wizard.engine.state import Options

TARGET = {"context": "here", "namespace": "llm-cost-ops-dev", "release": "llm-cost-ops"}


def stub_session(options: Options | None = None) -> StubSession:
    """A session over the real chart and files, with a finished run and a check that passes."""
    session = StubSession(options, drafts=DraftFiles())
    session.checks = [check("C01", "API answers")]
    session.record = finished_run()
    session.over = True
    return session


def check(id_: str, title: str, state: Any = "pass", *, blocking: bool = False, next_step: str = "") -> CheckResult:
    return CheckResult(id_, title, state, ("seen",), next_step, blocking)


def finished_run(code: int = 0, verdict: str = "ready", reason: str = "all 3 of 3 are ready") -> list[Event]:
    """The record of a short run."""
    row = {
        "uid": "u1", "kind": "Deployment", "name": "llm-cost-ops", "group": "object", "state": verdict, "summary": "1 of 1",
        "reason": "", "since": "2026-01-02T03:04:05Z", "owner": "", "restarts": 0,
    }  # fmt: skip
    told: list[tuple[str, dict[str, Any]]] = [
        ("run.started", {"id": RUN_ID, "operation": "install", "target": TARGET, "chart": "1.0.0", "helm": "4.2.4", "preset": "dev"}),
        ("helm.started", {"pid": 7, "argv": ["helm", "install", "llm-cost-ops"]}),
        ("object.state", row),
        ("log.lines", {"pod": "p-0", "container": "api", "previous": False, "lines": [["2026-01-02T03:04:06Z", "hello"]]}),
        ("run.notes", {"text": "NOTES: open it"}),
        ("verdict", {"state": verdict, "reason": reason}),
        ("run.finished", {"code": code, "verdict": verdict, "reason": reason, "files": ["./v.yaml"], "commands": ["again"]}),
    ]  # fmt: skip
    return [Event(kind, data, seq, "2026-01-02T03:04:07.000Z") for seq, (kind, data) in enumerate(told, 1)]


def objects(text: str) -> list[Any]:
    """The JSON objects of lines."""
    return [json.loads(line) for line in text.splitlines()]


def write(path: Path, text: str) -> str:
    """A file with that text; returns its path."""
    path.write_text(text)
    return str(path)
