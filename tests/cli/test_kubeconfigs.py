"""A kubeconfig that kubectl refuses is refused by each command and by home before anything is run or contacted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from wizard import compose
from wizard.cli import parser
from wizard.engine.state import Options

SECRET: Final = "C4n4ry-of-a-token"
COMMANDS: Final = (
    "check --preset dev --yes", "status", "plan --preset dev --answer image=a/b:c --yes", "history", "logs", "diagnose",
    "install --preset dev --answer image=a/b:c --yes", "upgrade --preset dev --answer image=a/b:c --yes",
    "rollback 3 --yes", "uninstall --yes", "uninstall --leftovers --yes", "recover --yes",
)  # fmt: skip
PROVIDER: Final = {"name": "gcp", "config": {"cmd-path": "./touch", "cmd-args": "ran", "access-token": SECRET}}
BAD: Final[dict[str, tuple[Any, str]]] = {
    "two users of one name": ([{"name": "u", "user": {"token": SECRET}}] * 2, "config names two users 'u'; kubectl and helm refuse that."),
    "auth-provider gcp": ([{"name": "u", "user": {"auth-provider": PROVIDER}}], 'logs in with auth-provider "gcp", which kubectl and helm do not know any more.'),
    "auth-provider azure": ([{"name": "u", "user": {"auth-provider": {**PROVIDER, "name": "azure"}}}], 'logs in with auth-provider "azure", which'),
    "token and password": ([{"name": "u", "user": {"token": SECRET, "username": "me"}}], "config has both a token and a username or password."),
    "a token that is a list": ([{"name": "u", "user": {"token": [SECRET]}}], 'users["u"].user.token is a list, not a text; kubectl and helm refuse that.'),
    "a plugin of v1alpha1": (
        [{"name": "u", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1alpha1", "command": "./touch"}}}],
        'of apiVersion "client.authentication.k8s.io/v1alpha1", which kubectl and helm do not know.',
    ),
}  # fmt: skip


@pytest.fixture(params=BAD)
def refused(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is said of the kubeconfig in $KUBECONFIG; helm and what a login runs leave a mark."""
    users, says = BAD[request.param]
    tree = {
        "current-context": "here", "users": users,
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
    }  # fmt: skip
    (tmp_path / "config").write_text(json.dumps(tree))
    for name, mark in (("helm", "helm-ran"), ("touch", "ran")):
        (tmp_path / name).write_text(f'#!/bin/sh\n[ "$1" = version ] && echo v4.2.4 || touch {tmp_path}/{mark}\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("LLM_COST_OPS_HELM", str(tmp_path / "helm"))
    monkeypatch.chdir(tmp_path)
    return says


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_says_it_at_once(
    line: str, refused: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code = parser.main(line.split())

    said = capsys.readouterr()
    assert code == 2
    assert refused in " ".join(said.err.split())
    assert SECRET not in said.err + said.out
    assert not list(tmp_path.glob("*ran"))


async def test_home_says_it_at_once(refused: str, tmp_path: Path) -> None:
    lines = [line async for line in compose.session(Options()).home()]

    (cluster,) = (line for line in lines if line.key == "cluster")
    assert cluster.state == "fail"
    assert refused in cluster.text
    assert cluster.next_step
    assert SECRET not in str(lines)
    assert not list(tmp_path.glob("*ran"))
