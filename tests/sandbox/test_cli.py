"""The sandbox commands, as far as they need no sandbox."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from wizard.core.errors import Problem
from wizard.sandbox import catalog, cli, cluster
from wizard.sandbox.objects import NodeShape


@pytest.fixture(autouse=True)
def empty_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="llm-cost-ops-wizard")
    cli.register(top.add_subparsers(dest="command"))
    return top


def run(*words: str) -> int:
    return cli.run(parser().parse_args(["sandbox", *words]))


def help_of(*words: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "wizard.sandbox", *words, "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


@pytest.mark.parametrize("command", ["up", "down", "status", "env", "scenario", "user"])
def test_every_example_in_a_help_text_is_a_command_that_parses(command: str) -> None:
    examples = [line.strip() for line in help_of(command).partition("examples:")[2].strip().splitlines()]
    assert examples
    for example in examples:
        words = shlex.split(re.sub(r'^eval "\$\((.*)\)"$', r"\1", example))
        assert words[:2] == ["llm-cost-ops-wizard", "sandbox"]
        assert parser().parse_args(words[1:]).sandbox_command == command


def test_help_loads_neither_certificates_nor_the_rest_of_the_wizard() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, wizard.sandbox.cli; print(*sys.modules)"],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout.split()  # fmt: skip
    heavy = {"cryptography", "textual", "kubernetes", "yaml", "wizard.engine", "wizard.adapters", "ssl", "http.client"}
    assert heavy.isdisjoint(loaded)


def test_the_agent_knows_exactly_the_scenarios_that_can_be_chosen() -> None:
    source = (Path(cluster.__file__).parent / "agent" / "scenarios.go").read_text()
    known = re.findall(r'^\t"([a-z-]+)":', source, re.MULTILINE)
    assert {*known, catalog.NO_SCENARIO} == set(catalog.SCENARIOS)


def test_status_of_nothing_is_said_and_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status") == 0
    assert capsys.readouterr().out == "Sandbox 'default' does not run.\n"
    assert run("status", "--output", "json") == 0
    assert json.loads(capsys.readouterr().out)["state"] == "down"


@pytest.mark.parametrize("command", [("env",), ("scenario", "never-ready"), ("user", "view")])
def test_commands_that_need_a_sandbox_say_how_to_get_one(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", "Sandbox 'default' does not run. Run `sandbox up --name default`.\n")


def test_json_has_an_answer_on_failure_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("env", "--output", "json") == 2
    assert json.loads(capsys.readouterr().out)["error"] == "Sandbox 'default' does not run."


def test_a_state_folder_that_cannot_be_written_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/state")
    assert run("up") == 1
    assert capsys.readouterr().err.startswith("/dev/null/state")


def test_down_of_nothing_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("down") == 0
    assert capsys.readouterr().out == "There was nothing to stop.\n"


@pytest.mark.parametrize("name", ["", "../up", "A", "a/b", "-a", "a" * 41])
def test_a_name_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(Problem, match="cannot be the name of a sandbox"):
        cluster.status(name)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--nodes", "0"), "0 nodes cannot be made. Choose 1 to 1000."),
        (("--zones", "27"), "27 zones cannot be made. Choose 1 to 26."),
        (("--cpu", "four"), "'four' is not a quantity of CPU. Write for example 4, 500m or 8Gi."),
        (("--memory", "8 GB"), "'8 GB' is not a quantity of memory. Write for example 4, 500m or 8Gi."),
    ],
)
def test_a_node_shape_that_makes_no_sense_is_refused_before_anything_starts(
    words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str], empty_state: Path
) -> None:
    assert run("up", *words) == 2
    assert capsys.readouterr().err.strip() == complaint
    assert not empty_state.exists()


def test_nodes_are_spread_over_the_zones() -> None:
    from wizard.sandbox.objects import node

    zones = [
        node(NodeShape(count=4), index, 1, "v1")["metadata"]["labels"]["topology.kubernetes.io/zone"]
        for index in range(4)
    ]
    assert zones == ["sandbox-1a", "sandbox-1b", "sandbox-1c", "sandbox-1a"]
