"""HELM_KUBE* variables against the kubeconfig; helm itself says which ones it reads and how."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest

from wizard.core.helm.environment import PREFIX, differing, overrides, unset

SAID = {
    "context": "prod", "server": "https://10.0.0.1:6443", "token": "t0ken", "as": "jane", "as-groups": "ops,dev",
    "certificate-authority": "/ca.pem", "tls-server-name": "api", "insecure-skip-tls-verify": "",
}  # fmt: skip
SAME = {
    "HELM_KUBECONTEXT": "prod", "HELM_KUBEAPISERVER": "https://10.0.0.1:6443/", "HELM_KUBETOKEN": "t0ken", "HELM_KUBEASUSER": "jane",
    "HELM_KUBEASGROUPS": " ops,dev,", "HELM_KUBECAFILE": "/ca.pem", "HELM_KUBETLS_SERVER_NAME": "api",
    "HELM_KUBEINSECURE_SKIP_TLS_VERIFY": "false",
}  # fmt: skip


def test_variables_that_say_what_the_kubeconfig_says_are_no_overrides() -> None:
    assert overrides(SAME, SAID) == ()


@pytest.mark.parametrize("name", sorted(SAME))
def test_each_variable_that_says_something_else_is_named(name: str) -> None:
    other = {**SAME, name: "1" if "INSECURE" in name else "other"}

    assert overrides(other, SAID) == (name,)


@pytest.mark.parametrize("name", sorted(SAME))
def test_an_empty_variable_is_none_as_for_helm(name: str) -> None:
    assert overrides({name: ""}, SAID) == ()


def test_a_variable_of_a_helm_to_come_counts_as_different() -> None:
    assert overrides({"HELM_KUBEPROXY": "x"}, SAID) == ("HELM_KUBEPROXY",)


def test_helms_other_variables_are_left_alone() -> None:
    assert overrides({"HELM_NAMESPACE": "x", "HELM_DRIVER": "configmap", "KUBECONFIG": "/k"}, {}) == ()


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
def test_helm_reads_no_other_variable_about_the_cluster(tool: Callable[[str], str], helm: str) -> None:
    assert {name for name, _ in printed(tool(helm)).items() if name.startswith(PREFIX)} == set(SAME)


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
@pytest.mark.parametrize(
    "value", ["1", "t", "T", "TRUE", "true", "True", "yes", "on", "0", "false", "nonsense", "tRue"]
)
def test_what_counts_as_true_is_what_helm_takes_for_true(tool: Callable[[str], str], helm: str, value: str) -> None:
    name = "HELM_KUBEINSECURE_SKIP_TLS_VERIFY"

    assert bool(overrides({name: value}, {})) == (printed(tool(helm), **{name: value})[name] == "true")


def printed(helm: str, **more: str) -> dict[str, str]:
    """What `helm env` says of its variables."""
    done = subprocess.run(
        [helm, "env"], capture_output=True, text=True, timeout=30, check=True, env={**os.environ, **more}
    )
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {name: value.strip('"') for name, _, value in pairs}


def test_the_sentence_names_them_and_the_way_out() -> None:
    names = ("HELM_KUBEAPISERVER", "HELM_KUBETOKEN")

    assert differing(names).startswith("HELM_KUBEAPISERVER, HELM_KUBETOKEN differ from the kubeconfig")
    assert differing(names[:1]).startswith("HELM_KUBEAPISERVER differs")
    assert "unset HELM_KUBEAPISERVER HELM_KUBETOKEN" in unset(names)
