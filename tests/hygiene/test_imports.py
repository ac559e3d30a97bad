"""What each part pulls in, looked at in a fresh interpreter."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

WIZARD = Path(__file__).resolve().parents[2] / "wizard"
LOOK = "import json, sys; before = set(sys.modules); {}; print('\\n' + json.dumps(sorted(set(sys.modules) - before)))"


def pulled_in(code: str) -> set[str]:
    """Top-level packages that the code imports, ours by their full names."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(code)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    names = json.loads(done.stdout.splitlines()[-1])
    return {name if name.startswith("wizard") else name.partition(".")[0] for name in names}


HEAVY = {
    "textual",
    "rich",
    "yaml",
    "ruamel",
    "kubernetes",
    "questionary",
    "prompt_toolkit",
    "cryptography",
    "shtab",
    "regex",
    "jinja2",
    "wsproto",
}


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["install", "--help"], ["runs", "--help"], ["bogus"]])
def test_version_and_help_import_nothing_heavy(arguments: list[str]) -> None:
    names = pulled_in(f"from wizard.cli import parser; parser.main({arguments!r})")

    assert not names & (HEAVY | {"asyncio"})
    assert not {
        name for name in names if name.startswith(("wizard.engine", "wizard.adapters", "wizard.tui", "wizard.sandbox"))
    }


@pytest.mark.parametrize("arguments", [[], ["install"], ["--version"], ["--help"]])
def test_a_launch_without_options_needs_no_parser(arguments: list[str]) -> None:
    code = f"from wizard import frontends; frontends.command_line = frontends.screen = lambda *_: 0; from wizard.cli import parser; parser.main({arguments!r})"

    assert not pulled_in(code) & (HEAVY | {"argparse", "asyncio"})


def test_help_of_the_sandbox_imports_nothing_heavy() -> None:
    assert not pulled_in("from wizard.cli import parser; parser.main(['sandbox', '--help'])") & HEAVY


def test_core_imports_the_standard_library_alone() -> None:
    code = (
        "import importlib, pkgutil, wizard.core;"
        "[importlib.import_module(one.name) for one in pkgutil.walk_packages(wizard.core.__path__, 'wizard.core.')]"
    )
    names = pulled_in(code)

    ours = {name for name in names if name.startswith("wizard")}
    assert ours
    assert all(name in ("wizard", "wizard.core") or name.startswith("wizard.core.") for name in ours)
    assert not {name for name in names - ours if name not in sys.stdlib_module_names and not name.startswith("_")}


def test_the_engine_imports_no_adapter_and_no_library() -> None:
    names = pulled_in("import wizard.engine.session")

    assert not names & HEAVY
    assert not {
        name for name in names if name.startswith(("wizard.adapters", "wizard.tui", "wizard.cli", "wizard.runner"))
    }


def test_a_session_over_the_real_world_imports_no_client_and_no_screen() -> None:
    names = pulled_in("from wizard import compose; from wizard.engine.state import Options; compose.session(Options())")

    assert not names & {"textual", "rich", "kubernetes", "questionary", "prompt_toolkit", "cryptography", "shtab"}


FIRST_FIELD = """
from wizard import compose
from wizard.cli import parser
from wizard.frontends import _start
from wizard.tui.app import WizardApp
import wizard.tui.step.screen
arguments = parser.read(["install"])
session = compose.session(arguments.options())
WizardApp(session, _start(arguments, session))
"""
MOST_OF_OURS = 96
"""Each module takes about 0.5 ms of a start."""


def test_the_first_field_needs_few_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A cache of its own: the charts that other tests read push ours out of the common one, and then YAML is parsed.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pulled_in(f"exec({FIRST_FIELD!r})")
    names = pulled_in(f"exec({FIRST_FIELD!r})")

    ours = {name for name in names if name.startswith("wizard")}
    assert "wizard.tui.step.screen" in ours
    assert len(ours) <= MOST_OF_OURS, sorted(ours)
    assert not ours & {
        "wizard.cli.arguments.preview",
        "wizard.cli.output",
        "wizard.core.kube.objects",
        "wizard.core.run.events",
        "wizard.engine.release.listing",
    }
    assert names & {"yaml", "ruamel", "kubernetes", "urllib3", "argparse", "http"} == set()


def test_rows_that_were_read_ahead_need_no_search() -> None:
    names = pulled_in("import wizard.tui.home.screen, wizard.engine.release.rows")

    assert not names & {"wizard.engine.release.listing", "wizard.core.rules.ranking", "wizard.adapters.kube.client"}


def test_the_supervisor_imports_nothing_of_ours_and_no_library() -> None:
    names = pulled_in("import wizard.runner.supervisor")

    assert {name for name in names if name.startswith("wizard")} <= {
        "wizard",
        "wizard.runner",
        "wizard.runner.supervisor",
    }
    assert not names & HEAVY


def reached(file: Path) -> list[str]:
    """Places where a front end reaches past the session's own methods."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Attribute):
            continue
        owner = node.value
        session = getattr(owner, "id", getattr(owner, "attr", "")) in ("session", "_session")
        if node.attr in ("ports", "_ports") or (session and node.attr.startswith("_")):
            found.append(f"{file.name}:{node.lineno} {ast.unparse(node)}")
    return found


def test_front_ends_reach_no_port() -> None:
    files = [*(WIZARD / "tui").rglob("*.py"), *(WIZARD / "cli").rglob("*.py"), WIZARD / "frontends.py"]
    assert len(files) > 50
    assert [place for file in files for place in reached(file)] == []


def test_a_front_end_that_reaches_a_port_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "screen.py"
    file.write_text(
        "def f(self, session):\n    session._ports.files.read('x')\n    self.app.session.ports.runs\n    self.session._charts\n"
    )
    assert sorted(place.split()[0] for place in reached(file)) == ["screen.py:2", "screen.py:3", "screen.py:4"]
