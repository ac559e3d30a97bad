from __future__ import annotations

import pytest

from wizard.core.helm import command_line
from wizard.core.helm.command_line import HelmOptions, RunOperation
from wizard.core.target import Target

TARGET = Target("my ctx", "ns", "rel", "/kube config")


@pytest.mark.parametrize("major", [3, 4])
@pytest.mark.parametrize("operation", ["install", "upgrade"])
def test_a_run_waits_in_its_namespace_and_never_rolls_back_or_makes_a_namespace(
    major: int, operation: RunOperation
) -> None:
    argv = command_line.run_argv(major, operation, TARGET, "/chart", "/values", HelmOptions())
    assert argv[:3] == [operation, "rel", "/chart"]
    assert argv[argv.index("--kube-context") + 1] == "my ctx"
    assert argv[argv.index("--kubeconfig") + 1] == "/kube config"
    assert argv[argv.index("--namespace") + 1] == "ns"
    assert argv[argv.index("--values") + 1] == "/values"
    assert argv[argv.index("--timeout") + 1] == "10m"
    assert "--wait" in argv
    assert not {"--atomic", "--rollback-on-failure", "--create-namespace", "--set"} & set(argv)
    assert ("--reset-values" in argv) == (operation == "upgrade")
    assert "--replace" not in argv, "no name is taken over unasked"
    over = command_line.run_argv(major, operation, TARGET, "/chart", "/values", HelmOptions(replace=True))
    assert {*over} - {*argv} == {"--replace"}


def test_nothing_is_taken_over_unasked_and_a_rollback_is_asked_in_the_same_words() -> None:
    asked = HelmOptions(force_conflicts=True)
    for plain, forced in (
        (command_line.run_argv(4, "upgrade", TARGET, "/c", "/v", HelmOptions()), command_line.run_argv(4, "upgrade", TARGET, "/c", "/v", asked)),
        (command_line.rollback_argv(4, TARGET, 2, HelmOptions()), command_line.rollback_argv(4, TARGET, 2, asked)),
    ):  # fmt: skip
        assert {*forced} - {*plain} == {"--force-conflicts"}


def test_only_helm_3_needs_to_be_asked_for_every_status() -> None:
    assert "--all" in command_line.list_argv(3, TARGET)
    assert "--all" not in command_line.list_argv(4, TARGET)


def test_a_later_major_speaks_like_the_newest_known() -> None:
    assert command_line.flags_of(5) == command_line.flags_of(4)


def test_without_a_kubeconfig_helm_finds_its_own() -> None:
    assert "--kubeconfig" not in command_line.list_argv(4, Target("c", "ns"))
