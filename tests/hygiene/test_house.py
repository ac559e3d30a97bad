"""The house rules that a machine can hold: documents in step, no data in markup, no machine in the text."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

from wizard.cli import help as cli_help
from wizard.core.run.events import EVENTS

ROOT = Path(__file__).resolve().parents[2]
TUI = ROOT / "wizard" / "tui"
TEMPLATE_COLUMNS = 160


def tracked(*patterns: str) -> list[Path]:
    done = subprocess.run(["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [file for name in done.stdout.splitlines() if (file := ROOT / name).is_file() and not file.is_symlink()]


def test_events_page_lists_every_type_with_its_keys_in_order() -> None:
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z.]+)` \| (.+?) \|", page, re.MULTILINE)

    assert {kind: tuple(re.findall(r"`(\w+)`", keys)) for kind, keys in rows} == dict(EVENTS)


def test_install_page_and_help_name_the_same_exit_codes() -> None:
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    codes = set(re.findall(r"^\| (\d+) \|", page, re.MULTILINE))

    assert codes == set(re.findall(r"^  (\d+) ", cli_help.EXIT_CODES, re.MULTILINE))


def test_pages_link_to_what_is_there() -> None:
    for page in tracked("*.md"):
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (page.parent / unquote(link)).exists(), f"{page.name} links to {link}"


def test_make_targets_in_the_pages_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    for page in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"`?make ([a-z-]+)", (ROOT / page).read_text(encoding="utf-8")))
        assert named
        assert named <= targets


def test_lines_of_the_chart_templates_fit_a_screen() -> None:
    wide = [
        f"{file.relative_to(ROOT)}:{number} has {len(line)} columns"
        for file in (ROOT / "chart" / "llm-cost-ops").glob("**/templates/**/*")
        if file.is_file()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > TEMPLATE_COLUMNS
    ]
    assert wide == []


def test_data_never_goes_into_markup() -> None:
    """Content.from_markup takes a literal; markup of widgets stays off where text is not a literal."""
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in TUI.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and _puts_data_into_markup(node)
    ]
    assert wrong == []


def _puts_data_into_markup(call: ast.Call) -> bool:
    literal = bool(call.args) and isinstance(call.args[0], ast.Constant)
    name = ast.unparse(call.func)
    if name.endswith("from_markup"):
        return not literal
    markup = {one.arg: ast.unparse(one.value) for one in call.keywords}.get("markup")
    return name.endswith(".notify") and markup != "False" and not literal


def test_nothing_that_is_committed_names_this_machine() -> None:
    pattern = re.compile(r"/(?:work|root)/(?:main|shared|\.)|/tmp/brief")
    own = Path(__file__).resolve()
    wrong = [
        str(file.relative_to(ROOT))
        for file in tracked("*.py", "*.md", "*.toml", "*.yaml", "*.go", "*.mod", "Makefile", "*.tpl", "*.txt", "*.lock")
        if file.resolve() != own and pattern.search(file.read_text(encoding="utf-8", errors="replace"))
    ]
    assert wrong == []
