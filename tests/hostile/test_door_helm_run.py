"""What a run's helm prints into its files: every line once, whatever its bytes and however they come; a long one in part."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.door_strategies import each
from wizard.core import limits
from wizard.core.text import sanitize
from wizard.runner.helm_process import _Tail


@each(2000)
def test_every_line_is_read_once_however_it_comes(many: settings, tmp_path: Path) -> None:
    path = tmp_path / "helm.out"
    pieces = st.lists(
        st.one_of(st.binary(max_size=12), st.sampled_from([b"\n", b"a\n", b"\r\n", b"\xff", b"\x1b[1m"])), max_size=8
    )

    @many
    @given(pieces)
    def holds(parts: list[bytes]) -> None:
        path.write_bytes(b"")
        tail, seen = _Tail(path), []
        for part in parts:
            with path.open("ab") as file:
                file.write(part)
            seen += tail.lines(last=False)
        while more := tail.lines(last=True):
            seen += more
        lines = b"".join(parts).split(b"\n")
        assert seen == [sanitize.line(line.decode("utf-8", "replace")) for line in (lines if lines[-1] else lines[:-1])]

    holds()


def test_a_line_without_end_costs_no_more_than_its_first_part(tmp_path: Path) -> None:
    path = tmp_path / "helm.out"
    path.write_bytes(b"x" * 5_000_000 + b"\nnext\n" + b"y" * 5_000_000)
    tail = _Tail(path)
    first, after = tail.lines(last=False)
    assert first.startswith("xxx")
    assert after == "next"
    assert tail.lines(last=False) == []
    assert len(tail._rest) <= limits.HELM_LINE
    assert [line[:3] for line in tail.lines(last=True)] == ["yyy"]
    assert tail.lines(last=True) == []
