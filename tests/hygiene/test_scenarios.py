"""What a change costs: a question and a finding are one place each, a Helm flag three; a copy of the tree has them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = (
    "wizard",
    "tests",
    "chart",
    "presets",
    "docs",
    "pyproject.toml",
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
)
FAST: Final = ("tests/core", "tests/engine", "tests/cli", "tests/tui", "tests/hygiene/test_imports.py")

QUESTION: Final = {
    "wizard/core/answers/questions/resources.py": (
        r"(?m)^QUESTIONS: Final = \(\n",
        """\\g<0>    Question(
        "motto", "resources", "Motto", "Said on Fridays.", optional=True, default=base("config.motto"),
        value_edits=sets("config.motto"), visible=lambda r: r["preset"] == "prod" and r["scaling"] == "fixed",
    ),
""",
    ),
}
QUESTION_TEST: Final = """
from tests.core.answers.test_questions import resolve


def test_the_motto_is_asked_and_written() -> None:
    answers = resolve(preset="prod", scaling="fixed", motto="tgif")
    assert "motto" in {question.id for question in answers.visible("resources")}
    assert ("config", "motto") in {edit.path for edit in answers.value_edits()}
"""
FINDING: Final = {
    "wizard/core/rules/findings/nodes.py": (
        r"\Z",
        '''

@finding("CL99")
def friday(snapshot: Snapshot) -> Iterator[Finding]:
    """A pod that is called friday."""
    for pod in snapshot.of_kind("Pod"):
        if pod["metadata"]["name"] == "friday":
            yield Finding("CL99", "it is Friday", name_of(pod), (), ("Wait until Monday.",))
''',
    ),
}
FINDING_TEST: Final = """
from wizard.core.rules.finding import all_findings


def test_friday_is_found() -> None:
    assert "friday" in {rule.__name__ for rule in all_findings()}
"""
FLAG: Final = {
    "wizard/core/helm/command_line.py": (
        r'    """Of an uninstall: the revisions stay."""\n',
        '\\g<0>    skip_crds: bool = False\n    """Of an install: no CustomResourceDefinition is installed."""\n',
    ),
    "wizard/core/helm/command_line.py#flags": (
        r'            \*\(\["--keep-history"\] if self.keep_history else \[\]\),\n',
        '\\g<0>            *(["--skip-crds"] if self.skip_crds else []),\n',
    ),
    "wizard/cli/arguments/operation.py": (
        r"(?m)^    timeout: str = timeout_option\(\)\n",
        '\\g<0>    skip_crds: bool = switch("--skip-crds", help="as in helm", group=HOW)\n',
    ),
}
FLAG_TEST: Final = """
from wizard.cli import parser
from wizard.cli.draft import draft_of
from tests.cli.stub import stub_session
from wizard.core.helm import command_line
from wizard.core.target import Target


def test_the_flag_reaches_helm() -> None:
    arguments = parser.read(["install", "--preset", "dev", "--skip-crds"])
    options = draft_of(arguments, stub_session()).helm
    assert "--skip-crds" in command_line.run_argv(4, "install", Target("c", "n"), "chart", "values", options)
"""
SCENARIOS: Final = {
    "question": (QUESTION, QUESTION_TEST, 1), "finding": (FINDING, FINDING_TEST, 1), "flag": (FLAG, FLAG_TEST, 3),
}  # fmt: skip


@pytest.mark.full
@pytest.mark.parametrize("name", SCENARIOS)
def test_what_a_change_costs(name: str, tmp_path: Path) -> None:
    places, test, most = SCENARIOS[name]
    assert len(places) <= most
    for part in COPIED:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, tmp_path / part)
    change(tmp_path, places)
    (tmp_path / "tests" / f"test_scenario_{name}.py").write_text(test)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not full and not real and not e2e and not tools",
         f"tests/test_scenario_{name}.py", *FAST],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-3000:]


def change(tree: Path, places: Mapping[str, tuple[str, str]]) -> None:
    """Make each change in its file; a place that is not there is a mistake of this test."""
    for place, (pattern, text) in places.items():
        file = tree / place.partition("#")[0]
        changed, count = re.subn(pattern, text, file.read_text(), count=1)
        assert count == 1, place
        file.write_text(changed)
