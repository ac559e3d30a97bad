"""Events and states as lines of text."""

from __future__ import annotations

import io
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wizard.cli import kubectl, render
from wizard.cli.output import Out, columns, time_of
from wizard.cli.render import EventPrinter
from wizard.core.answers.secrets import SecretToMake, Source
from wizard.core.run.events import EVENTS, Event
from wizard.core.target import Target
from wizard.core.text.time import age

TIME = "2026-01-02T03:04:05.000Z"


def shown(*events: Event, quiet: bool = False, most_logs: int | None = None) -> list[str]:
    stdout = io.StringIO()
    printer = EventPrinter(Out(stdout=stdout, quiet=quiet), most_logs=most_logs)
    for event in events:
        printer.show(event)
    return [line.removeprefix(time_of(TIME)).strip() for line in stdout.getvalue().splitlines()]


def row(**changes: object) -> Event:
    data = {
        "uid": "u", "kind": "Pod", "name": "p-0", "group": "pod", "state": "progressing", "summary": "Pending", "reason": "",
        "since": TIME, "owner": "", "restarts": 0,
    }  # fmt: skip
    return Event("object.state", {**data, **changes}, 0, TIME)


def test_every_event_type_has_its_lines_or_is_part_of_the_end() -> None:
    assert set(render._RENDER) | {"run.notes", "run.finished"} == set(EVENTS)


def test_an_object_is_said_again_only_when_it_changed() -> None:
    assert shown(row(), row(), row(since="later"), row(state="ready", summary="Running", restarts=2)) == [
        "~ progressing Pod/p-0  Pending", "+ ready Pod/p-0  Running  restarts 2",
    ]  # fmt: skip


def test_a_cause_comes_with_evidence_and_next_step() -> None:
    data = {"id": "IM01", "title": "image not found", "object": "Pod/p-0", "terminal": True, "evidence": ["ErrImagePull"],
            "remedy": ["Name another image."]}  # fmt: skip

    assert shown(Event("finding", data, 0, TIME)) == [
        "x stuck IM01 image not found (Pod/p-0)", "ErrImagePull", "next: Name another image.",
    ]  # fmt: skip


def test_waiting_says_what_since_when_why_and_whether_it_heals() -> None:
    data = {"what": "StatefulSet/db", "since": "2026-01-02T03:02:00Z", "why": "no disk", "heals": "no"}

    assert shown(Event("waiting", data, 0, TIME)) == [
        "~ progressing waiting for StatefulSet/db, 2 m 05: no disk (will not heal by itself)"
    ]
    assert shown(Event("waiting", {**data, "what": ""}, 0, TIME)) == []


def test_log_lines_name_their_container_and_lost_ones_are_counted() -> None:
    said = {"pod": "p-0", "container": "app", "previous": True, "lines": [["", "hello"]]}
    gap = {"pod": "p-0", "container": "app", "lost": 3, "reason": "rotated"}
    events = (Event("log.lines", said, 0, TIME), Event("log.gap", gap, 0, TIME))

    assert shown(*events) == ["p-0 app (before its restart) | hello", "! warn p-0 app | 3 lines lost: rotated"]
    assert shown(*events, quiet=True) == []


def test_of_a_flood_the_weightiest_lines_are_printed_in_their_order() -> None:
    lines = [
        "starting",
        "Traceback (most recent call last)",
        *(f"GET /{at} 200" for at in range(50)),
        "ERROR: no disk",
        "bye",
    ]
    flood = Event(
        "log.lines",
        {"pod": "p", "container": "c", "previous": False, "lines": [[TIME, line] for line in lines]},
        0,
        TIME,
    )

    texts = [line.removeprefix("p c | ") for line in shown(flood, most_logs=4)]
    assert texts == [lines[1], "GET /49 200", "ERROR: no disk", "bye", "(50 more lines)"]
    assert len(shown(flood)) == len(lines) == len(shown(flood, most_logs=len(lines)))
    assert shown(flood, most_logs=len(lines) - 1)[-1].endswith("(1 more line)")


def test_quiet_says_what_is_wrong_and_what_was_decided() -> None:
    check = {
        "id": "N06",
        "title": "disk",
        "evidence": ["none"],
        "next_step": "Name one.",
        "blocking": True,
        "question": "",
    }
    helm = {"stream": "err", "lines": ["Error: no"]}
    events = (
        row(), Event("check.result", {**check, "state": "pass"}, 0, TIME), Event("check.result", {**check, "state": "fail"}, 0, TIME),
        Event("helm.output", {**helm, "stream": "out"}, 0, TIME), Event("helm.output", helm, 0, TIME),
        Event("run.phase", {"text": "helm runs"}, 0, TIME), Event("decision", {"who": "jo", "text": "stop"}, 0, TIME),
        Event("verdict", {"state": "failed", "reason": "no disk"}, 0, TIME),
    )  # fmt: skip

    assert shown(*events, quiet=True) == [
        "x failed N06 disk", "none", "next: Name one.", "helm | Error: no", "jo decided: stop", "x failed no disk",
    ]  # fmt: skip


def test_notes_are_left_for_the_end() -> None:
    def out(*lines: str) -> Event:
        return Event("helm.output", {"stream": "out", "lines": list(lines)}, 0, TIME)

    assert shown(out("NAME: x", "NOTES:", "open it"), out("more")) == ["helm | NAME: x"]


def test_normal_events_are_not_worth_a_line() -> None:
    data = {"kind": "Normal", "object": "Pod/p-0", "reason": "Pulled", "message": "m", "count": 1}

    assert shown(Event("cluster.event", data, 0, TIME)) == []
    assert shown(Event("cluster.event", {**data, "kind": "Warning", "count": 4}, 0, TIME)) == [
        "! warn Pod/p-0 Pulled: m (4 times)"
    ]


REPEATS = [
    ("more often", ("a", "Failed", "m", 1), ("a", "Failed", "m", 5), 1),
    ("another message", ("a", "Failed", "m", 1), ("a", "Failed", "n", 1), 2),
    ("another reason", ("a", "Failed", "m", 1), ("a", "BackOff", "m", 1), 2),
    ("another object", ("a", "Failed", "m", 1), ("b", "Failed", "m", 1), 2),
]


@pytest.mark.parametrize(("what", "first", "second", "lines"), REPEATS, ids=[row[0] for row in REPEATS])
def test_an_event_is_a_line_when_it_is_new_and_not_for_each_time_it_happens(
    what: str, first: tuple[str, str, str, int], second: tuple[str, str, str, int], lines: int
) -> None:
    keys = ("object", "reason", "message", "count")
    said = [
        Event("cluster.event", {"kind": "Warning", **dict(zip(keys, one, strict=True))}, 0, TIME)
        for one in (first, second, first)
    ]
    assert len(shown(*said)) == lines


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0 s"), (8, "8 s"), (187, "3 m 07"), (7500, "2 h 05"), (4 * 86400, "4 d")]
)
def test_ages_as_a_person_says_them(seconds: int, text: str) -> None:
    now = datetime(2026, 1, 10, tzinfo=UTC)

    assert age(datetime.fromtimestamp(now.timestamp() - seconds, UTC).isoformat(), now) == text


def test_ages_of_no_time_are_empty() -> None:
    assert age("", datetime.now(UTC)) == ""
    assert time_of("never") == " " * 8


def test_columns_align_and_the_last_is_left_alone() -> None:
    assert columns([("a", "bb", "c"), ("aaa", "b", "")]) == ["a    bb  c", "aaa  b"]


class _Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "flag", "colour"),
    [({}, False, True), ({"NO_COLOR": "1"}, False, False), ({"TERM": "dumb"}, False, False), ({}, True, False)],
)
def test_colour_only_on_a_terminal_that_wants_it(
    variables: dict[str, str], flag: bool, colour: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    terminal, pipe = _Tty(), io.StringIO()

    Out(no_color=flag, stdout=terminal).line("all is well", "ready")
    Out(no_color=flag, stdout=pipe).line("all is well", "ready")

    assert ("\x1b[32m+ ready\x1b[0m" in terminal.getvalue()) is colour
    assert pipe.getvalue() == "+ ready all is well\n"


def test_secrets_are_made_from_files_and_never_stand_on_a_command_line() -> None:
    planned = (
        SecretToMake("x-app", "Opaque", (Source("jwt-secret", "file", "./my jwt", "jwt"),)),
        SecretToMake("x-db", "Opaque", (Source("password", "generate", "", "postgres"), Source("postgres-password", "generate", "", "postgres"))),
        SecretToMake("x-graf", "Opaque", (Source("admin-user", "constant", "admin"),)),
        SecretToMake("x-tls", "kubernetes.io/tls", (Source("tls.crt", "file", "c.pem"), Source("tls.key", "file", "k.pem"))),
    )  # fmt: skip

    assert list(kubectl.secret_commands(planned, Target("", "ns", "x"))) == [
        "kubectl create namespace ns",
        "mkdir -m 700 ./x-secret-files",
        "tr -d '\\r\\n' <'./my jwt' >./x-secret-files/jwt",
        "LC_ALL=C tr -dc A-Za-z0-9 </dev/urandom | head -c 32 >./x-secret-files/postgres",
        "kubectl create secret generic x-app --namespace ns --from-file=jwt-secret=./x-secret-files/jwt",
        "kubectl create secret generic x-db --namespace ns --from-file=password=./x-secret-files/postgres "
        "--from-file=postgres-password=./x-secret-files/postgres",
        "kubectl create secret generic x-graf --namespace ns --from-literal=admin-user=admin",
        "kubectl create secret tls x-tls --namespace ns --cert c.pem --key k.pem",
        "kubectl label secret x-app x-db x-graf x-tls --namespace ns "
        "app.kubernetes.io/managed-by=llm-cost-ops-wizard app.kubernetes.io/instance=x",
        "rm ./x-secret-files/jwt ./x-secret-files/postgres && rmdir ./x-secret-files",
    ]
    assert list(kubectl.secret_commands((), Target("", "ns", "x"))) == []


def test_the_printed_lines_encode_a_password_for_an_address(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("p@ss/w0rd +%\n")
    sources = (
        Source("password", "file", "./pw", "redis"),
        Source("password-urlencoded", "file", "./pw", "redis", encoded=True),
    )
    _, *files, _, _, _ = kubectl.secret_commands((SecretToMake("x", "Opaque", sources),), Target("", "ns", "x"))
    for line in files:
        subprocess.run(line, shell=True, cwd=tmp_path, check=True, timeout=20)
    assert (tmp_path / "x-secret-files/redis").read_text() == "p@ss/w0rd +%"
    assert (tmp_path / "x-secret-files/redis-encoded").read_text() == "p%40ss%2Fw0rd%20%2B%25"
