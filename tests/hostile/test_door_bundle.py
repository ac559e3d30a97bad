"""A bundle that somebody sent: whatever is in the file, it is read in memory, within limits, or refused in one sentence."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.diagnosis.test_bundle import FAILURES, files, observed, packed
from tests.hostile.door_strategies import broken, each, one_sentence, raw_json
from wizard.adapters.report.html import HtmlPages
from wizard.cli.commands.diagnose import show
from wizard.cli.output import Out
from wizard.core import limits
from wizard.core.bundle import archive
from wizard.core.errors import Problem
from wizard.core.report.page import page

PAGES = HtmlPages()


@cache
def good() -> bytes:
    return packed(observed(FAILURES["wrong database password, crash loop"]))


def opened(raw: bytes) -> str:
    """What is said of a file; raises Problem."""
    bundle = archive.unpack(raw, "b.tgz")
    diagnosis = bundle.diagnosis()
    PAGES.html(page(bundle))
    said = io.StringIO()
    show(diagnosis, Out(stdout=said))
    json.dumps(diagnosis.to_data())
    return said.getvalue()


def holding(members: Mapping[str, bytes], change: Callable[[tarfile.TarInfo], None] = lambda _: None) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name.rstrip("+"))
            member.size = len(content)
            change(member)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@each(1500)
def test_a_file_with_other_bytes_in_it_is_refused_or_says_the_same(many: settings) -> None:
    whole, said = good(), opened(good())
    plain = gzip.decompress(whole)

    @many
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        raw = bytearray(whole if (outer := data.draw(st.booleans())) else plain)
        for _ in range(data.draw(st.integers(0, 3))):
            at = data.draw(st.integers(0, len(raw) - 1))
            raw[at] ^= 1 << data.draw(st.integers(0, 7))
        del raw[data.draw(st.integers(0, len(raw))) if data.draw(st.booleans()) else len(raw) :]
        with one_sentence("bundle"):
            again = opened(bytes(raw) if outer else gzip.compress(bytes(raw), 1))
            assert not outer or again == said  # gzip has a checksum

    holds()


@each(3000)
def test_any_data_in_its_place_are_refused_or_shown(many: settings) -> None:
    small = json.loads(files(good())["snapshot.json"])
    for part in ("objects", "around", "events"):
        kinds = {one["kind"]: one for one in small[part]}
        small[part] = list(kinds.values())

    @many
    @given(broken(small).map(raw_json))
    def holds(text: str) -> None:
        raw = holding({"b/snapshot.json": text.encode("utf-8", "surrogatepass")})
        with one_sentence("bundle"):
            assert "\x1b" not in opened(raw)

    holds()


def kind(type_: bytes, link: str = "/etc/passwd") -> Callable[[tarfile.TarInfo], None]:
    def change(member: tarfile.TarInfo) -> None:
        member.type, member.linkname = type_, link

    return change


SNAPSHOT = "b/snapshot.json"
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "damaged or no bundle"),
    "no archive": (lambda: b"hello" * 999, "damaged or no bundle"),
    "a packed text": (lambda: gzip.compress(b"hello" * 999), "damaged or no bundle"),
    "cut off": (lambda: good()[:-9], "damaged or no bundle"),
    "without a snapshot": (lambda: holding({"b/README.txt": b"x"}), "holds no snapshot.json"),
    "absolute name": (lambda: holding({"/etc/passwd": b"x"}), "which no bundle does"),
    "path that leads out": (lambda: holding({"b/../../x": b"x"}), "which no bundle does"),
    "beside its folder": (lambda: holding({SNAPSHOT: b"{}", "c/x": b"x"}), "which no bundle does"),
    "the same name twice": (lambda: holding({SNAPSHOT: b"{}", SNAPSHOT + "+": b"{}"}), "which no bundle does"),
    "symbolic link": (lambda: holding({SNAPSHOT: b""}, kind(tarfile.SYMTYPE)), "is no file"),
    "hard link": (lambda: holding({SNAPSHOT: b""}, kind(tarfile.LNKTYPE)), "is no file"),
    "device": (lambda: holding({SNAPSHOT: b""}, kind(tarfile.CHRTYPE)), "is no file"),
    "folder": (lambda: holding({SNAPSHOT: b""}, kind(tarfile.DIRTYPE)), "is no file"),
    "too many files": (lambda: holding({f"b/{n}": b"" for n in range(limits.BUNDLE_FILES + 1)}), "more than 5000 files"),
    "too large": (lambda: good() + bytes(limits.BUNDLE), "more than 32 MiB"),
    "bomb": (lambda: gzip.compress(bytes(limits.BUNDLE_CONTENT + 20_000), 1), "damaged or no bundle|more than 256 MiB"),
    "bomb in a file": (lambda: holding({"b/x": bytes(limits.BUNDLE_CONTENT), SNAPSHOT: b"{}"}), "more than 256 MiB"),
    "deep": (lambda: holding({SNAPSHOT: b"[" * 100_000}), "nested more than 100 levels"),
    "no JSON": (lambda: holding({SNAPSHOT: b"{"}), "snapshot.json in it is wrong"),
    "another shape": (lambda: holding({SNAPSHOT: b"[]"}), "snapshot.json in it is wrong"),
    "no format": (lambda: holding({SNAPSHOT: b'{"v": "1"}'}), "snapshot.json in it is wrong"),
    "newer": (lambda: holding({SNAPSHOT: b'{"v": 2}'}), "made by a newer wizard .format 2"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_bundle_is_refused_with_the_reason_and_a_next_step(name: str) -> None:
    made, words = REFUSED[name]
    with pytest.raises(Problem, match=words) as caught:
        opened(made())
    assert "b.tgz" in caught.value.what
    assert caught.value.next_step


def test_escape_sequences_in_it_do_not_reach_the_terminal() -> None:
    data: Any = json.loads(files(good())["snapshot.json"])
    data["target"]["release"] += "\x1b]0;owned\x07"
    data["logs"] = [[pod, name, [f"{line}\x1b[2J" for line in lines]] for pod, name, lines in data["logs"]]
    bundle = archive.unpack(holding({SNAPSHOT: json.dumps(data).encode()}), "b.tgz")
    assert "\x1b" not in repr(bundle)
    assert "owned" not in repr(bundle)
