"""docs/guide-commands.md is written from the steps that the other tests of this folder prove (--snapshot-update writes it)."""

from __future__ import annotations

import pytest

from tests.guide.place import ADDRESSES, ROOT
from tests.guide.printed import blocks
from tests.guide.walk import WALK, Step

PAGE = ROOT / "docs" / "guide-commands.md"
HEAD = """# The guide's commands

Every command that the Helm chart guide prints, in its order, with what helm 3 and helm 4 make of it. `tests/guide` runs each line as printed, in
bash, with real helms and kubectl against the sandbox's API server, in a folder that holds what the root of a checkout holds (`helm`, a link to `chart`,
and links to the presets), and a values.yaml, a values-custom.yaml and `secrets/` of a person's own; `make test` runs most of them with helm 4, `make test-full` all with both. The page is checked against those tests.

"works" means exit code 0 and the state in the last column. "works, warns" is the same with a line on standard error that calls the flag deprecated;
where both helms are supported it is still the line to use. "State before" is empty where the command follows on the one above it.

"""
TAIL = """
## Lines that run with another address

{addresses}

Chart repositories are served from 127.0.0.1 during the tests: the chart's is what `make chart-repo` builds, the two others are empty.

## What the sandbox cannot show

No container runs in it. Logs are the sandbox's own, and there is nothing to forward a port to or to execute in: the `kubectl port-forward` lines
of the chart's notes, and probes that really ask, need a cluster with containers. The guide itself prints no such line.
"""


def test_no_command_of_the_guide_is_left_out() -> None:
    printed = {block.section: len(block.commands) for block in blocks() if block.language == "bash"}
    assert {section: len(steps) for section, steps in WALK.items()} == printed
    assert list(WALK) == list(printed)


def test_the_page_says_what_the_tests_prove(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--snapshot-update"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


def test_a_command_that_does_not_simply_work_is_explained() -> None:
    for steps in WALK.values():
        for step in steps:
            assert step.then.endswith(".")
            assert step.run or "here" in step.then


def page() -> str:
    """The whole page."""
    lines = ["| Section | Command | State before | helm 3 | helm 4 | After it |", "|---|---|---|---|---|---|"]
    for block in blocks():
        if block.language == "bash":
            lines += [row(block.section, *pair) for pair in zip(block.commands, WALK[block.section], strict=True)]
    addresses = "\n".join(
        f"- `{command}`"
        for block in blocks()
        if block.language == "bash"
        for command in block.commands
        if any(address in command for address in ADDRESSES)
    )
    return HEAD + "\n".join(lines) + "\n" + TAIL.format(addresses=addresses)


def row(section: str, command: str, step: Step) -> str:
    """One command; a bar inside it would end the cell."""
    code = " ".join(part.removesuffix("\\").strip() for part in command.splitlines()).replace("|", "\\|")
    return (
        f"| {section} | `{code}` | {step.state} | {step.expected('helm3')} | {step.expected('helm4')} | {step.then} |"
    )
