"""What the client libraries of many languages print, as tests/diagnosis/recorder recorded it against real servers in trouble.

Words and exit codes are theirs, none is made up. Written without a look at the rules; a person on call would say what EXPECTED says.
When they were recorded, 80 % had the right cause first, and 88 % under rules that were mended by another set.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tests.diagnosis.breaking import APP, Bed, Break
from tests.diagnosis.cases import API, REDIS, STORE, Case

_RECORDED: Final = Path(__file__).resolve().parents[1] / "recorded"
_STORES: Final = {"postgres": "llm-cost-ops-postgresql", "redis": "llm-cost-ops-redis"}
_ADDRESS: Final = re.compile(r"\b10\.96\.118\.\d+\b")

EXPECTED: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("postgres", "wrong password"): ("LG01", API),
    ("postgres", "no password"): ("LG01", API),
    ("postgres", "unknown database"): ("LG22", API),
    ("postgres", "unknown role"): ("LG22", API),
    ("postgres", "role may not log in"): ("LG22", API),
    ("postgres", "no right on a table"): ("LG13", API),
    ("postgres", "no right on a schema"): ("LG13", API),
    ("postgres", "too many connections of the role"): ("LG07", API),
    ("postgres", "too many connections"): ("LG07", API),
    ("postgres", "last connections are reserved"): ("LG07", API),
    ("postgres", "TLS wanted and not offered"): ("LG05", API),
    ("postgres", "certificate signs itself"): ("LG25", API),
    ("postgres", "certificate of another host"): ("LG25", API),
    ("postgres", "encryption demanded"): ("LG05", API),
    ("postgres", "host name unknown"): ("LG03", API),
    ("postgres", "resolver fails"): ("LG03", API),
    ("postgres", "connection refused"): ("LG04", API),
    ("postgres", "never answers"): ("LG04", API),
    ("postgres", "closes at once"): ("LG04", API),
    ("postgres", "starting up"): ("LG16", API),
    ("postgres", "read-only"): ("LG19", API),
    ("postgres", "missing table"): ("LG08", API),
    ("postgres", "missing column"): ("LG08", API),
    ("postgres", "missing function"): ("LG08", API),
    ("postgres", "missing type"): ("LG08", API),
    ("postgres", "statement timeout"): ("LG23", API),
    ("postgres", "lock timeout"): ("LG23", API),
    ("postgres", "table is there already"): ("LG08", API),
    ("postgres", "half-done migration"): ("LG08", API),
    ("postgres", "schema is not empty"): ("LG08", API),
    ("postgres", "disk full"): ("VO06", STORE),
    ("redis", "no password given"): ("LG01", API),
    ("redis", "wrong password"): ("LG01", API),
    ("redis", "unknown user"): ("LG01", API),
    ("redis", "password given, none wanted"): ("LG01", API),
    ("redis", "command not allowed"): ("LG13", API),
    ("redis", "read-only replica"): ("LG19", API),
    ("redis", "memory is used up"): ("LG18", REDIS),
    ("redis", "cannot save"): ("LG17", REDIS),
    ("redis", "loading"): ("LG16", API),
    ("redis", "too many clients"): ("LG07", API),
    ("redis", "database number out of range"): ("LG22", API),
    ("redis", "host name unknown"): ("LG03", API),
    ("redis", "resolver fails"): ("LG03", API),
    ("redis", "connection refused"): ("LG04", API),
    ("redis", "never answers"): ("LG04", API),
    ("redis", "closes at once"): ("LG04", API),
    ("redis", "certificate signs itself"): ("LG25", API),
    ("local", "heap used up"): ("LG26", API),
    ("local", "module missing"): ("LG27", API),
    ("local", "shared library missing"): ("LG27", API),
    ("local", "error in the code"): ("CO11", API),
    ("local", "variable missing"): ("LG09", API),
    ("local", "variable not filled in"): ("LG02", API),
    ("local", "syntax of a JSON file"): ("CO11", API),
    ("local", "syntax of a YAML file"): ("LG24", API),
    ("local", "missing file"): ("CO11", API),
    ("local", "file may not be read"): ("LG10", API),
    ("local", "folder may not be written"): ("LG10", API),
    ("local", "read-only file system"): ("LG10", API),
    ("local", "port in use"): ("LG11", API),
    ("local", "port below 1024"): ("LG10", API),
    ("local", "program missing"): ("LG27", API),
    ("postgres", "missing extension"): ("LG28", API),
    ("redis", "slot of another node"): ("LG28", API),
}
"""The finding and whose it is, by what the program uses and its trouble."""

UNCOVERED: Final[dict[tuple[str, str], str]] = {
    ("postgres", "file of the authority is missing"): "The application is told to verify the database's certificate by /etc/ssl/acme/ca.crt, and that file is not in its container.",
    ("postgres", "row is there already"): "The application adds a row whose key is there already: it does its first setup twice.",
    ("redis", "TLS wanted and not offered"): "The application speaks TLS to a Redis that does not; the client only sees garbage, a closed connection or no answer.",
    ("redis", "TLS offered and not wanted"): "Redis listens with TLS only, and the application speaks plain: the connection is closed without a word.",
}  # fmt: skip
"""Troubles for which there is no finding, and what a person would say."""

_OTHERWISE: Final[dict[tuple[str, str], tuple[str, str]]] = {
    # The pool tries again until its time is up, and keeps to itself why.
    **{
        (client, trouble): ("LG21", API)
        for client in ("sqlx", "sqlx-tracing")
        for trouble in (
            "too many connections of the role", "too many connections", "last connections are reserved",
            "connection refused", "never answers", "starting up",
        )
    },
    # What it warns of before has no address.
    ("psycopg-pool", "never answers"): ("LG21", API),
    # The client leaves Redis' own word out, and the program the client's: what is left is a number and an address.
    ("redis-py-json", "slot of another node"): ("CO11", API),
    # Perl's socket says "Invalid argument" of any name that it gets no address for, and TLS is a module of its own.
    ("perl-redis", "resolver fails"): ("LG04", API),
    ("perl-redis", "certificate signs itself"): ("LG27", API),
    # It fails over the password that it was not given before it says so.
    ("pg8000", "no password"): ("CO11", API),
    # A program that was built without TLS, and is told to use it.
    ("tokio-postgres", "certificate signs itself"): ("LG05", API),
    ("tokio-postgres", "certificate of another host"): ("LG05", API),
}  # fmt: skip
"""By client and trouble, where that client's words are of something else than the trouble's name says."""

_CLOSED: Final = ("LG04", API)
_WITHOUT_WHY: Final = "(app.conf.broker_connection_retry_on_startup=False). Shutting down..."
"""Celery's last words where it does not try again: that it has no connection, and nothing of why."""
_MUTE: Final = frozenset({
    ("celery", "password given, none wanted"), ("celery-retry", "password given, none wanted"),
    ("bullmq", "loading"), ("bullmq", "never answers"), ("bullmq", "password given, none wanted"), ("node-redis", "never answers"),
    ("php-pdo", "never answers"), ("redis-py", "never answers"), ("tokio-postgres", "never answers"), ("rq", "never answers"),
    ("arq", "loading"), ("sidekiq", "unknown user"), ("dramatiq", "password given, none wanted"), ("asynq", "password given, none wanted"),
})  # fmt: skip
"""By client and trouble: programs that wait without a word, or work and only warn."""


def recordings() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """All that was recorded: client, what it uses, and the recording."""
    for path in sorted(_RECORDED.glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        for one in data["recordings"]:
            yield data["client"], data["uses"], one


def _says(uses: str, code: int | None, lines: Sequence[str]) -> Break:
    """It crashes with its exit code, or goes on and does not get ready."""

    def act(bed: Bed) -> None:
        known = list(lines)
        if uses in _STORES:
            address = bed.one("Service", _STORES[uses])["spec"].get("clusterIP", "")
            known = [_ADDRESS.sub(address, line) if address[:1].isdigit() else line for line in lines]
        if code is None:
            bed.runs_unready(APP, "HTTP probe failed with statuscode: 503", *known)
        else:
            bed.crashes(APP, code, *known)

    return act


def _cases() -> Iterator[Case]:
    count: Counter[str] = Counter()
    for client, uses, one in recordings():
        trouble = one["trouble"]
        told = not one["lines"][-1].endswith(_WITHOUT_WHY)
        if (uses, trouble) in UNCOVERED or (client, trouble) in _MUTE or not told:
            continue
        cause, whose = _OTHERWISE.get((client, trouble)) or EXPECTED[uses, trouble]
        if trouble == "too many clients" and "max number of clients" not in " ".join(one["lines"]):
            cause, whose = (
                _CLOSED  # its own write comes before Redis's answer, and all that it sees is a closed connection
            )
        name = f"{client}, recorded: {trouble}"
        count[name] += 1
        number = f" ({count[name]})" if count[name] > 1 else ""
        yield Case(name + number, cause, whose, _says(uses, one["exit"], one["lines"]))


RECORDED: Final = tuple(_cases())
CASES: Final = tuple(case for case in RECORDED[::12] if not case.name.startswith("logback-json"))
"""Those (but the ones whose cause stands beside the message, where a variation leaves it out) that are varied, bundled and served as the rest of the set is; tests/diagnosis/test_recorded.py has all of them."""
