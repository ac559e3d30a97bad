"""No line of a log holds a diagnosis up: the patterns that read it meet their own words, over and over, as long as lines get."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.diagnosis.breaking import APP, Bed
from wizard.core.rules.findings.messages import MESSAGES
from wizard.core.rules.ranking import diagnose
from wizard.core.text import sanitize

_SECONDS = 60
"""Far more than it takes: a pattern that tries combinations would take for ever."""
_PIECES = (
    "1234567 ", "12345 ", "[123] ", "[1234567] ", "2026-11-24T19:10:01Z ", "UTC ", "{", '{"message":"', "level=error ", "A_PORT ",
    "x", "a.b-", "://", "x://@", "@", '"', " ", ": ", "tcp://1.2.3.4 ", "panicked at ", "host ", "address: ", "Caused by: ", "$(A)", "NOTICE: PHP message: ",
)  # fmt: skip


def pieces() -> list[str]:
    """The words of every pattern of the catalogue, and what the other readers of a line look for."""
    words = (word for message in MESSAGES for word in re.findall(r"[A-Za-z][A-Za-z ']{3,}", message.pattern.pattern))
    return [*dict.fromkeys((*_PIECES, *(f"{word} " for word in words)))]


def read_all() -> int:
    """Every piece, as a line of the greatest length, in the logs of a crash; how many were read."""
    count = 0
    for piece in pieces():
        for line in (
            piece * sanitize.LINE_LIMIT,
            f"ERROR {piece * sanitize.LINE_LIMIT}",
            f"{piece * 400}ERROR connection refused",
        ):
            bed = Bed()
            bed.crashes(APP, 1, line[: sanitize.LINE_LIMIT])
            assert diagnose(bed.world.snapshot())
            count += 1
    return count


def test_no_line_of_a_log_holds_a_diagnosis_up() -> None:
    code = "from tests.hostile import test_log_lines; print(test_log_lines.read_all())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=_SECONDS, check=True)
    assert int(done.stdout) == 3 * len(pieces()) > 300
