"""A .helmignore means what it means for helm."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.foreign import write
from wizard.core.helm.ignore import Rules

FILES = ("c", "b.txt", "ab", "a/b", "a/b.txt", "b/a", "b/c/b", "x-y/a[1]", "é/b", ".a", "a b", "b/.b", "templates/.a")
PARTS = (
    "a",
    "b",
    "*",
    "?",
    ".",
    "/",
    "[ab]",
    "[^a]",
    "[a-c]",
    "\\",
    "!",
    "[",
    "]",
    "txt",
    "-",
    " ",
    "é",
    "#",
    "**",
    "[]",
    "[a-]",
)


def rules_of(seed: int) -> list[str]:
    """Lines of a .helmignore."""
    chosen = random.Random(seed)
    lines = chosen.randint(1, 4)
    return ["".join(chosen.choices(PARTS, k=chosen.randint(1, 5))) for _ in range(lines)]


def of_helm(helm: str, folder: Path) -> set[str] | None:
    """The files that helm keeps; None when it refuses the rules."""
    command = [helm, "template", "x", str(folder), "--show-only", "templates/list.yaml"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        return None
    return set(yaml.safe_load(done.stdout)["files"] or ())


def ours(text: str) -> set[str] | None:
    try:
        rules = Rules(text)
    except ValueError:
        return None
    return {name for name in FILES if not _left_out(rules, name) and not name.startswith("templates/")}


def _left_out(rules: Rules, name: str) -> bool:
    parents = [name[:place] for place, character in enumerate(name) if character == "/"]
    return any(rules.ignores(parent, folder=True) for parent in parents) or rules.ignores(name)


@pytest.mark.parametrize("helm", ["helm4", pytest.param("helm3", marks=pytest.mark.full)])
def test_a_file_is_left_out_exactly_when_helm_leaves_it_out(
    tool: Callable[[str], str], tmp_path: Path, helm: str
) -> None:
    folder = write(
        tmp_path / "chart",
        {
            **dict.fromkeys(FILES, "x"),
            "Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n",
            "templates/list.yaml": "files:\n{{ range $name, $_ := .Files }}- {{ $name | quote }}\n{{ end }}",
        },
    )
    compared = 0
    for seed in range(60):
        text = "\n".join(rules_of(seed)) + "\n"
        rules = ours(text)
        kept = {"Chart.yaml", "templates/list.yaml"}
        if rules is not None and any(_left_out(Rules(text), name) for name in (*kept, "templates")):
            continue  # nothing is left that could be asked
        (folder / ".helmignore").write_text(text)
        theirs = of_helm(tool(helm), folder)
        shown = None if theirs is None else {name for name in theirs if name in FILES}
        assert rules == shown, f"{text!r}\nours {rules}\nhelm {shown}"
        compared += 1
    assert compared > 30


@pytest.mark.parametrize(
    ("text", "path", "folder", "ignored"),
    [
        ("*.tgz", "charts/a.tgz", False, True),
        ("/values.yaml", "charts/a/values.yaml", False, False),
        ("docs/", "docs", True, True),
        ("docs/", "docs", False, False),
        ("charts/*/values.yaml", "charts/a/values.yaml", False, True),
        ("*" * 1 + "a" * 1 + "*a" * 30 + "b", "a" * 200, False, False),  # at once, not after the end of the world
        ("", "templates/.hidden", False, True),
    ],
)
def test_rules(text: str, path: str, folder: bool, ignored: bool) -> None:
    assert Rules(text).ignores(path, folder=folder) is ignored


@pytest.mark.parametrize("text", ["a/**", "[", "[a-", "a\\", "[]a]"])
def test_a_rule_that_helm_refuses_is_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r'^"'):
        Rules(text)
