"""A packed chart is read as helm reads it: the same ones are refused, and nothing in one leads out of it."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.foreign import packed
from wizard.core import limits
from wizard.core.helm.packed import Budget, files

CHART = {
    "Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n",
    "values.yaml": "a: 1\n",
    "templates/values.yaml": "values: {{ .Values | toJson }}\n",
}
ODD = (
    "x/../values.yaml", "x/..", "../x/values.yaml", "/x/values.yaml", "x//values.yaml", "x/./values.yaml", "Chart.yaml",
    "x\\values.yaml", "x/c:/values.yaml", "x\\c:\\values.yaml", "values.yaml", "x/a/../../values.yaml", "./x/values.yaml",
    "x/..values.yaml", "y/values.yaml", "x/templates/a", "x/", "", "x/values.yaml/", "C:\\x\\values.yaml",
)  # fmt: skip
KINDS = (
    tarfile.REGTYPE, tarfile.REGTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE,
    tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.CONTTYPE,
)  # fmt: skip


def everything(raw: bytes) -> dict[str, bytes]:
    return files(raw, lambda _: True)


def archive_of(seed: int) -> bytes:
    """A small chart with an odd member somewhere in it."""
    chosen = random.Random(seed)
    members = [(f"x/{name}", tarfile.REGTYPE, text) for name, text in CHART.items()]
    for _ in range(chosen.randint(1, 2)):
        kind = chosen.choice(KINDS)
        member = (chosen.choice(ODD), kind, f"a: {chosen.randint(2, 9)}\n" if kind in tarfile.REGULAR_TYPES else "")
        members.insert(chosen.randint(0, len(members)), member)
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz", format=chosen.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT))) as made:
        for name, kind, text in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(text), "/etc/passwd"
            made.addfile(info, io.BytesIO(text.encode()))
    return raw.getvalue()


@pytest.mark.parametrize("helm", [pytest.param("helm3", marks=pytest.mark.full), "helm4"])
def test_what_helm_refuses_is_refused_and_the_values_are_those_of_helm(
    tool: Callable[[str], str], tmp_path: Path, helm: str
) -> None:
    refused = 0
    for seed in range(80):
        raw = archive_of(seed)
        (tmp_path / "x.tgz").write_bytes(raw)
        command = [tool(helm), "template", "r", str(tmp_path / "x.tgz"), "--show-only", "templates/values.yaml"]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )
        with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
            shown = f"{[(member.name, member.type) for member in archive]}\nhelm: {done.stdout}{done.stderr}"
        found, reason = None, ""
        try:
            found = everything(raw)
        except ValueError as error:
            reason = str(error)
        if found is None:
            assert done.returncode, f"{reason}\n{shown}"
            refused += 1
            continue
        if done.returncode:
            continue  # a chart that can be read and is none
        values = {"global": {}} | (yaml.safe_load(found["values.yaml"]) or {})
        assert {"global": {}} | yaml.safe_load(done.stdout)["values"] == values, shown
    assert 10 < refused < 70


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_link_is_not_followed_and_a_device_is_not_opened(kind: bytes) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("x/secret"), io.BytesIO(b""))
        member = tarfile.TarInfo("x/values.yaml")
        member.type, member.linkname = kind, "x/secret" if kind == tarfile.LNKTYPE else "/etc/passwd"
        archive.addfile(member)
    assert everything(raw.getvalue())["values.yaml"] == b""


def test_a_byte_order_mark_is_no_part_of_a_file() -> None:
    assert everything(packed("x", {"values.yaml": b"\xef\xbb\xbfa: 1"})) == {"values.yaml": b"a: 1"}


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"apiVersion: v2\n", "it is not a packed chart"),
        (gzip.compress(b"no archive"), "it is damaged"),
        (packed("x", CHART)[:-20], "it is damaged"),
        (gzip.compress(b"\0" * 1024), "it holds no files"),
        (packed("x", {"a": b"0" * (limits.CHART_FILE + 1)}), "its file x/a is larger than 5 MiB"),
    ],
    ids=["yaml", "not tar", "cut off", "empty", "a large file"],
)
def test_what_is_no_packed_chart_is_said(raw: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        everything(raw)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = packed("x", {str(number): b"0" * limits.CHART_FILE for number in range(21)})
    assert len(bomb) < limits.MIB
    with pytest.raises(ValueError, match="it unpacks to more than 100 MiB"):
        everything(bomb)


def test_a_head_without_end_is_refused() -> None:
    budget = Budget()
    budget.stream = limits.MIB
    raw = gzip.compress(tarfile.TarInfo("x/" + "a" * 2 * limits.MIB).tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(ValueError, match="it unpacks to more than"):
        files(raw, lambda _: True, budget)


def test_too_many_files_are_refused_and_the_budget_is_one_for_all_that_a_chart_holds() -> None:
    budget = Budget()
    many = packed("x", dict.fromkeys(map(str, range(limits.CHART_FILES // 2 + 1)), ""))
    files(many, lambda _: True, budget)
    with pytest.raises(ValueError, match="it holds more than 20000 files"):
        files(many, lambda _: True, budget)
