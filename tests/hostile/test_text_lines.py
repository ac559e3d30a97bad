"""Whatever a cluster says is one line in the command line and one row on the full screen, and drives no terminal."""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from wizard.cli.output import MORE, Out
from wizard.cli.render import EventPrinter
from wizard.core.errors import Problem
from wizard.core.run.events import Event
from wizard.core.text import sanitize
from wizard.core.text.redaction import hide
from wizard.tui import text as tui_text
from wizard.tui.widgets.rows import paint

SAMPLE, MANY = 60, 5000
FORGED = "+ ready  Deployment/forged"
"""What a message would like to be taken for."""

_BREAKS = st.sampled_from(["\n", "\r", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029", "\x1c", "\n\n"])
_TRICKS = st.sampled_from([
    "\x1b[2J", "\x1b[1A", "\x1b]0;t\x07", "\x1b]8;;http://x\x1b\\", "\x9b1A", "\x08" * 9, "\u202e", "\u200b", "\u3164", "\u115f",
    "\uffa0", "\ue000", "\U000f0000", "\U0010fffd", "\ufe0f", "\u00ad", "\U000e0041", "\u180e", "\u2800", "a" + "\u0301" * 40, "\ud800", "\t",
])  # fmt: skip
HOSTILE = st.lists(st.one_of(st.text(max_size=20), _BREAKS, _TRICKS, st.just(FORGED)), max_size=8).map("".join)


def _is_safe(line: str) -> bool:
    """One line without anything that drives a terminal or does not show."""
    return not [
        char for char in line
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") or char in "\u3164\u115f\u1160\uffa0\u2800\ufe0f\u034f"
    ] and _most_marks(line) <= sanitize.MARKS  # fmt: skip


def _most_marks(line: str) -> int:
    most = run = 0
    for char in line:
        run = run + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        most = max(most, run)
    return most


def _printed(show: Callable[[Out], None], mode: str = "text") -> str:
    stream = io.StringIO()
    show(Out(mode, no_color=True, stdout=stream))  # type: ignore[arg-type] # one of its modes
    return stream.getvalue()


def _events(said: str) -> list[Event]:
    state = {
        "uid": "1", "kind": "Pod", "name": said, "group": "pod", "state": "stuck", "summary": said, "reason": said, "since": "", "owner": "",
        "restarts": 0,
    }  # fmt: skip
    return [
        Event("object.state", state),
        Event("cluster.event", {"kind": "Warning", "object": said, "reason": said, "message": said, "count": 2}),
        Event("waiting", {"what": said or "x", "since": "", "why": said, "heals": "no"}),
        Event("log.lines", {"pod": said, "container": said, "previous": False, "lines": [["", said]]}),
        Event("helm.output", {"stream": "err", "lines": [said]}),
        Event("verdict", {"state": "stuck", "reason": said}),
    ]


def _without_secrets(node: object) -> object:
    if isinstance(node, dict):
        return {key: _without_secrets(value) for key, value in node.items()}
    return [*map(_without_secrets, node)] if isinstance(node, list) else hide(node) if isinstance(node, str) else node


def forges_nothing(said: str) -> None:
    """The one statement about a text, in each place where it can stand."""
    for event in _events(said):
        out = _printed(lambda out, event=event: EventPrinter(out).show(event))  # type: ignore[misc] # a default binds the loop's event
        lines = out.split("\n")
        assert len(lines) == 2, "one line whatever is in it"
        assert lines[1] == ""
        assert _is_safe(lines[0])
        assert not lines[0].startswith("+")
        as_json = _printed(lambda out, event=event: out.event(event), "jsonl")  # type: ignore[misc] # likewise
        assert as_json.count("\n") == 1
        assert all(char.isprintable() or char == "\n" for char in as_json)
        assert json.loads(as_json)["data"] == _without_secrets(json.loads(json.dumps(event.data))), (
            "JSON is data: it means the same, without what tells itself a secret"
        )
    for line in _printed(lambda out: out.table([("stuck", said, said), ("ready", "x", said)], "  ")).split("\n")[:-1]:
        assert line.startswith(("  x stuck", "  + ready  x"))
        assert _is_safe(line)
    for line in _printed(lambda out: out.block(said)).split("\n")[:-1]:
        assert line.startswith(MORE.rstrip())
        assert _is_safe(line)


@settings(max_examples=SAMPLE, derandomize=True, deadline=None)
@given(HOSTILE)
def test_no_text_forges_a_line_or_drives_the_terminal(said: str) -> None:
    forges_nothing(said)


@pytest.mark.full
@settings(max_examples=MANY, deadline=None)
@given(HOSTILE)
def test_no_text_of_thousands_forges_a_line_or_drives_the_terminal(said: str) -> None:
    forges_nothing(said)


def paints_one_row(said: str) -> None:
    """Likewise on the full screen."""
    for row in (((said, ""),), ((tui_text.cut(said, 30), ""),), *((( line, ""),) for line in tui_text.wrap(said, 30))):  # fmt: skip
        strip = paint(row, 40, Style())
        assert strip.cell_length == 40
        assert all(_is_safe(segment.text) for segment in strip)
    assert all(cell_len(line) <= 30 for line in tui_text.wrap(said, 30))


@settings(max_examples=SAMPLE, derandomize=True, deadline=None)
@given(HOSTILE)
def test_no_text_tears_the_full_screen(said: str) -> None:
    paints_one_row(said)


@pytest.mark.full
@settings(max_examples=MANY, deadline=None)
@given(HOSTILE)
def test_no_text_of_thousands_tears_the_full_screen(said: str) -> None:
    paints_one_row(said)


@settings(max_examples=SAMPLE, derandomize=True, deadline=None)
@given(HOSTILE)
def test_an_error_of_several_lines_marks_each_further_one(said: str) -> None:
    import contextlib

    with contextlib.redirect_stderr(io.StringIO()) as stream:
        Out(no_color=True, stdout=io.StringIO()).problem(Problem(f"helm failed: {said}", said or "x"))
    first, *more = stream.getvalue().split("\n")[:-1]
    assert first.startswith("error: helm failed:")
    assert all(line.startswith((MORE, "next:  ")) for line in more)
    assert sum(line.startswith("next:  ") for line in more) == 1
    assert all(map(_is_safe, (first, *more)))


def test_breaks_in_a_row_of_a_table_are_made_visible() -> None:
    said = f"back-off\n{FORGED}\r{FORGED}\x85{FORGED}"
    printed = _printed(lambda out: out.table([("stuck", "Pod/api", said)]))
    assert printed == f"x stuck  Pod/api  back-off\u23ce{FORGED}\u23ce{FORGED}\u23ce{FORGED}\n"
