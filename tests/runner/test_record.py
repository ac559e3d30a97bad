from __future__ import annotations

import errno
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from wizard.core.run.events import Event
from wizard.core.text.secrets import Secret
from wizard.runner.record import Record, read

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nAgEAyk0v7Qm2o1\n-----END PRIVATE KEY-----\n"


class Clock:
    at = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def opened(folder: Path, **options: Any) -> Record:
    return Record(folder, Clock(), **options)


def phase(text: str) -> Event:
    return Event("run.phase", {"phase": "helm", "text": text})


def log(*texts: str) -> Event:
    return Event(
        "log.lines", {"pod": "p", "container": "c", "previous": False, "lines": [["t", text] for text in texts]}
    )


def test_a_line_is_the_public_shape_numbered_from_one_with_milliseconds(tmp_path: Path) -> None:
    opened(tmp_path).emit([phase("a"), phase("b")])
    lines = [json.loads(line) for line in (tmp_path / "record.jsonl").read_text().splitlines()]
    assert [line["seq"] for line in lines] == [1, 2]
    assert lines[0] == {
        "v": 1,
        "seq": 1,
        "time": "2026-01-02T03:04:05.678Z",
        "type": "run.phase",
        "data": {"phase": "helm", "text": "a"},
    }


def test_the_record_is_private(tmp_path: Path) -> None:
    record = opened(tmp_path)
    record.emit([phase("a")])
    record.keep("evidence", {"a": 1})
    kept = ("record.jsonl", "evidence.json")
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in kept} == {0o600}


def test_a_second_runner_continues_the_numbers_and_passes_over_a_torn_line(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.emit([phase("a")])
    with (tmp_path / "record.jsonl").open("a") as file:
        file.write('{"v":1,"seq":2,"time":"t","ty')
    second = opened(tmp_path)
    assert [event.seq for event in second.past()] == [1]
    second.emit([phase("b")])
    assert [(event.seq, event.data["text"]) for event in read(tmp_path / "record.jsonl")] == [(1, "a"), (2, "b")]


def test_no_known_secret_reaches_the_disk_in_any_form_or_place(tmp_path: Path) -> None:
    record = opened(tmp_path)
    record.know([Secret('pa"ss\\wörd'), Secret("hunter2hunter2"), Secret(PEM)])
    record.emit(
        [
            phase('the word is pa"ss\\wörd'),
            log(*[f"line {number} hunter2hunter2" for number in range(20)]),
            log("base64 aHVudGVyMmh1bnRlcjI= here", "postgres://user:other-secret@host/db"),
            Event("helm.output", {"stream": "err", "lines": PEM.splitlines()}),
            Event("finding", {"evidence": [{"deep": ["hunter2hunter2"]}]}),
        ]
    )
    record.keep("evidence", {"hunter2hunter2": {"env": ["hunter2hunter2"]}})
    written = (tmp_path / "record.jsonl").read_text() + (tmp_path / "evidence.json").read_text()
    for form in (
        "hunter2",
        "aHVudGVyMmh1bnRlcjI",
        'pa\\"ss',
        "wörd",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
        "other-secret",
    ):
        assert form not in written
    assert "line 19 ********" in written


def test_lines_that_no_longer_fit_are_counted_and_everything_else_is_still_written(tmp_path: Path) -> None:
    record = opened(tmp_path, log_budget=100)
    record.emit([log("short")])
    record.emit([log("x" * 80, "y" * 80)])
    record.emit([phase("still here")])
    types = [(event.type, event.data.get("lost")) for event in read(tmp_path / "record.jsonl")]
    assert types == [("log.lines", None), ("log.gap", 2), ("run.phase", None)]


def test_a_flood_into_a_full_record_is_marked_once_in_a_while_and_every_line_of_it_is_counted(tmp_path: Path) -> None:
    clock = Clock()
    record = Record(tmp_path, clock, log_budget=0)
    for second in range(60):
        clock.at = datetime(2026, 1, 2, 3, 4, second, tzinfo=UTC)
        for _ in range(10):
            record.emit([log("a", "b")])
    record.emit([Event("run.finished", {"code": 0})])
    gaps = [event.data["lost"] for event in read(tmp_path / "record.jsonl") if event.type == "log.gap"]
    assert (sum(gaps), len(gaps)) == (1200, 7)


def test_a_runner_lets_screens_go_first_once_its_record_is_flooded_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yielded: list[bool] = []
    monkeypatch.setattr("wizard.adapters.runs.processes.yield_to_screens", lambda: yielded.append(True))
    record = opened(tmp_path)
    record.emit([log("a quiet line")])
    assert yielded == []
    for _ in range(30):
        record.emit([log("x" * 100_000)])
    assert yielded == [True]


def test_what_is_not_log_lines_is_bounded_too_and_what_matters_is_still_written(tmp_path: Path) -> None:
    record = opened(tmp_path, budget=300)
    for number in range(5):
        record.emit([Event("helm.output", {"stream": "out", "lines": [f"line {number}"]})])
    record.emit([Event("run.finished", {"code": 0})])
    record.close()
    found = [(event.type, event.data.get("lost")) for event in read(tmp_path / "record.jsonl")]
    assert found == [
        ("helm.output", None),
        ("helm.output", None),
        ("record.gap", 1),
        ("record.gap", 2),
        ("run.finished", None),
    ]


class FullDisk:
    """os.write on a disk with room for so many bytes; what is deleted makes room again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int, error: int = errno.ENOSPC) -> None:
        self.room, self._error, self._write = room, error, os.write
        monkeypatch.setattr(os, "write", self.write)

    def write(self, handle: int, data: bytes) -> int:
        if self.room <= 0:
            raise OSError(self._error, os.strerror(self._error))
        part = bytes(data)[: self.room]
        self.room -= len(part)
        return self._write(handle, part)


def test_a_full_disk_stops_no_run_and_what_was_lost_is_counted_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = opened(tmp_path)
    record.emit([phase("before")])
    disk = FullDisk(monkeypatch, room=30)
    record.emit([phase("torn")])
    record.emit([phase("lost"), phase("lost too")])
    assert record.problem == "the record cannot be written: No space left on device"
    assert capsys.readouterr().err.count("the run goes on") == 1
    disk.room = 10**6
    record.emit([phase("after")])
    record.close()
    found = [(event.seq, event.type, event.data.get("lost")) for event in read(tmp_path / "record.jsonl")]
    assert found == [(1, "run.phase", None), (2, "record.gap", 3), (3, "run.phase", None)]
    assert record.problem == ""


def test_the_end_of_a_run_gets_the_room_that_was_kept_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = opened(tmp_path)
    disk = FullDisk(monkeypatch, room=0)
    record.emit([phase("lost")])
    unlink = Path.unlink

    def makes_room(path: Path, *, missing_ok: bool = False) -> None:
        disk.room += path.stat().st_size if path.name == ".reserve" and path.exists() else 0
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", makes_room)
    record.emit([Event("run.finished", {"code": 0})])
    record.close()
    assert [event.type for event in read(tmp_path / "record.jsonl")] == ["record.gap", "run.finished"]


def test_evidence_that_cannot_be_written_is_no_crash_and_no_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = opened(tmp_path)

    def refuses(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("wizard.adapters.atomic.write", refuses)
    assert record.keep("evidence", {}) == ""
    assert "Read-only" in record.problem


def test_a_secret_that_is_broken_over_two_lines_is_masked_and_lines_stay_lines(tmp_path: Path) -> None:
    record = opened(tmp_path)
    record.know([Secret("hunter2hunter2hunter2")])
    record.emit([log("said hunter2hu", "nter2hunter2 twice", "plain"), Event("helm.output", {"stream": "err", "lines": ["dXNlcjpodW50ZXIyaHVud", "GVyMmh1bnRlcjI=", "DB_PASSWORD=Other7Q"]})])  # fmt: skip
    lines, output = (event.data["lines"] for event in read(tmp_path / "record.jsonl"))
    assert [text for _, text in lines] == ["said ********", "******** twice", "plain"]
    assert output == ["dXNlcjp********", "********", "DB_PASSWORD=********"]


def test_the_files_of_a_run_are_read_to_look_for_what_was_not_masked(tmp_path: Path) -> None:
    record = opened(tmp_path)
    record.emit([phase("a")])
    (tmp_path / "runner.log").write_bytes(b"a trace with Zq8xw7Lm2\xff")
    (tmp_path / "link").symlink_to("/etc/passwd")
    files = dict(record.files())
    assert files["runner.log"] == "a trace with Zq8xw7Lm2\ufffd"
    assert '"run.phase"' in files["record.jsonl"]
    assert "link" not in files
