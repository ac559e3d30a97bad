"""Values files mean to us what they mean to both helms, beside the packages with which they read them."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.helm.yaml_texts import MANY, SCALARS, TREES, documents, loaded, same
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.errors import Problem
from wizard.sandbox import toolchain

pytestmark = pytest.mark.full
DOCUMENTS = YamlDocuments()
SAID: Final = r"names, and helm takes the last one alone|its aliases add more than|nested more than 100|no KEY: VALUE|no directives"
"""What helm takes and we refuse: of repeated keys it loses all but one, the others are our limits."""
REPLACED: Final = r"a key that is null or too large|infinite or none"
"""What helm takes in a value that a repeated key replaces; we refuse the text at the first of both."""
NOT_KNOWN: Final = r"found unknown escape character|found unexpected ':'|while scanning a tag|whitespace or line break|the comma for a part|takes no \?|byte order mark"
"""What libyaml refuses and Go's port of an older one does not: "\\'", `{a:}`, tags with , or [ in them, `[?x]`, a BOM inside."""


class Helm:
    """A helm's own reader of values files, in a process that answers as long as it is asked."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, text: str) -> Any:
        """The values of a text, None when helm refuses it."""
        raw = text.encode()
        stdin, stdout = self._pipes()
        stdin.write(struct.pack(">I", len(raw)) + raw)
        stdin.flush()
        answer = stdout.readline().decode()
        return None if answer.startswith("error") else loaded(answer)

    def close(self) -> None:
        """End the process."""
        self._pipes()[0].close()
        self._process.wait(10)
        self._pipes()[1].close()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


@pytest.fixture(scope="module")
def helms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Helm, Helm]]:
    """The readers of helm 3 and 4, go_oracle built with the modules of the pinned ones."""
    go, environment = toolchain._go(lambda _: None)
    found = []
    for name in ("helm3", "helm4"):
        folder = tmp_path_factory.mktemp(name)
        oracle = Path(__file__).parent / "go_oracle"
        for path in (*toolchain.PINS[name].sources, oracle / "main.go", oracle / f"{name}.go"):
            shutil.copy(path, folder)
        build = [
            str(go),
            "build",
            "-trimpath",
            "-buildvcs=false",
            "-o",
            "oracle",
            ".",
        ]  # as the tools: what is built stays
        subprocess.run(build, cwd=folder, env=environment, check=True, timeout=600)
        found.append(Helm(folder / "oracle"))
    three, four = found
    yield three, four
    three.close()
    four.close()


def read(text: str) -> tuple[Any, str]:
    """What we read, or None and why not."""
    try:
        tree = DOCUMENTS.load(text, "v")
    except Problem as problem:
        return None, str(problem)
    if tree is None:
        return {}, ""
    return (tree, "") if isinstance(tree, dict) else (None, "it holds no KEY: VALUE lines")


def check(text: str, helms: tuple[Helm, Helm], said: str = SAID) -> None:
    """Both helms and we read the same or refuse; where they differ, we refuse or read as helm 4."""
    three, four = (helm.read(text) for helm in helms)
    ours, why = read(text)
    if ours is not None:
        assert four is not None, (text, ours)
        assert same(ours, four), (text, ours, four)
        assert three is not None, (text, ours)
        assert same(three, four) or not text.endswith("\n"), (text, three)  # helm 4 ends the last line
    elif three is not None and four is not None and same(three, four) and not re.search(f"{said}|{NOT_KNOWN}", why):
        refused = re.search(r", line (\d+)", why)
        # What follows on the document's end is left out by helm, which says nothing of it.
        until = "".join(re.split(r"(?<=[\n\r])(?!\n)", text)[: int(refused[1]) - 1]) if refused else ""
        assert same(helms[0].read(until), three), (text, why, three)


def test_scalars(helms: tuple[Helm, Helm]) -> None:
    @settings(max_examples=10_000, **MANY)
    @given(st.lists(SCALARS, min_size=20, max_size=20))
    def holds(scalars: list[str]) -> None:
        for scalar in scalars:
            check(f"k: {scalar}\n", helms)

    holds()


def test_keys(helms: tuple[Helm, Helm]) -> None:
    @settings(max_examples=1_000, **MANY)
    @given(st.lists(SCALARS, min_size=10, max_size=10))
    def holds(scalars: list[str]) -> None:
        for scalar in scalars:
            check(f"{scalar}: 1\n", helms)
            check(f"? {scalar}\n: 1\n", helms)

    holds()


def test_documents(helms: tuple[Helm, Helm]) -> None:
    @settings(max_examples=5_000, **MANY)
    @given(documents())
    def holds(text: str) -> None:
        check(text, helms, f"{SAID}|{REPLACED}")

    holds()


def test_what_is_written_is_read_as_it_was_meant(helms: tuple[Helm, Helm]) -> None:
    @settings(max_examples=2_000, **MANY)
    @given(TREES)
    def holds(tree: dict[str, Any]) -> None:
        text = DOCUMENTS.render(["made by"], tree, {})
        for found in (*(helm.read(text) for helm in helms), DOCUMENTS.load(text, "v")):
            assert same(found, tree), (text, tree)

    holds()
