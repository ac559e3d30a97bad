"""Kubeconfigs from any hand: a way to a cluster, or one sentence that shows nothing of a key or token."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters import loopback
from tests.adapters.loopback import Answer
from tests.hostile.door_strategies import YAML_TEXTS, broken, each, one_sentence, torn
from wizard.adapters.kube.client import KubeCluster
from wizard.adapters.kube.connection import Connection
from wizard.adapters.kube.kubeconfig import KubeconfigFiles
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target

SECRET: Final = "C4n4ry-of-a-token"
USERS: Final[tuple[dict[str, Any], ...]] = (
    {"token": SECRET, "as": "jane", "as-groups": ["a", "b"], "as-uid": "7"},
    {"username": "me", "password": SECRET},
    {"client-certificate-data": "QUJD", "client-key-data": "QUJD"},
    {"client-certificate": "none.pem", "client-key": "none.pem", "tokenFile": "none"},
    {"auth-provider": {"name": "oidc", "config": {"idp-issuer-url": "https://x", "client-id": "me", "id-token": f"a.{SECRET}.b"}}},
    {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", "command": "/bin/false", "args": ["a"], "env": [{"name": "A", "value": SECRET}]}},
)  # fmt: skip


def tree(user: dict[str, Any], server: str = "https://127.0.0.1:1", **cluster: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "ns"}}],
    }  # fmt: skip


def written(folder: Path, content: bytes | str) -> str:
    path = folder / "config"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@each()
def test_any_kubeconfig_is_read_or_refused_in_one_sentence(many: settings, tmp_path: Path) -> None:
    trees = st.sampled_from(USERS).flatmap(lambda user: broken(tree(user))).map(json.dumps)

    @many
    @given(st.one_of(trees, YAML_TEXTS).flatmap(torn))
    def holds(raw: bytes) -> None:
        path = written(tmp_path, raw)
        config = KubeconfigFiles().read(path)
        if config.problem:
            assert SECRET not in str(config.problem)
            assert "\n" not in str(config.problem)
        with one_sentence(never=SECRET):
            Connection(Target("", "ns", kubeconfig=path)).send("GET", "/version")

    holds()


@pytest.mark.parametrize(
    ("user", "says"),
    [
        ({"token": f"{SECRET}\n"}, "The token that the kubeconfig gives"),
        ({"token": f"a\r\nX: {SECRET}"}, "The token that the kubeconfig gives"),
        ({"token": "t", "as": f"{SECRET}\nX-Y: z"}, "The as that the kubeconfig gives"),
        ({"token": "t", "as": "jane", "as-groups": [f"{SECRET}\n"]}, "The as-groups that the kubeconfig gives"),
    ],
)
async def test_a_line_break_in_a_credential_is_refused_and_not_shown(
    tmp_path: Path, user: dict[str, Any], says: str
) -> None:
    with loopback.serving(lambda _: Answer(), loopback.certificate(tmp_path, "server")) as server:
        path = written(tmp_path, json.dumps(tree(user, server.url, **server.trust)))
        with pytest.raises(ClusterError, match=says) as caught:
            await KubeCluster(Target("here", "ns", kubeconfig=path)).version()
        assert not server.asked
    assert caught.value.kind == "no-credentials"
    assert SECRET not in caught.value.message


async def test_a_plugin_s_token_with_a_line_break_is_refused_and_not_shown(tmp_path: Path) -> None:
    script = tmp_path / "plugin"
    said = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": f"{SECRET}\n"},
    }
    script.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(said)}\nEND\n")
    script.chmod(0o755)
    user = {"exec": {"apiVersion": said["apiVersion"], "interactiveMode": "Never", "command": str(script)}}
    with pytest.raises(ClusterError, match="line break") as caught:
        await KubeCluster(Target("here", "ns", kubeconfig=written(tmp_path, json.dumps(tree(user))))).version()
    assert SECRET not in caught.value.message


async def test_a_token_file_is_trimmed_as_kubectl_does_and_any_password_goes_out(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f" {SECRET}\n\n")
    pair = loopback.certificate(tmp_path, "server")
    with loopback.serving(lambda _: Answer(200, '{"kind":"Pod","metadata":{}}'), pair) as server:
        for user in ({"tokenFile": str(tmp_path / "token")}, {"username": "me", "password": "a\nb"}):
            path = written(tmp_path, json.dumps(tree(user, server.url, **server.trust)))
            await KubeCluster(Target("here", "ns", kubeconfig=path)).get("Pod", "x", "ns")
    assert [one.headers["Authorization"] for one in server.asked] == [f"Bearer {SECRET}", "Basic bWU6YQpi"]


@pytest.mark.parametrize("provider", ["gcp", "azure", "openstack"])
async def test_a_removed_auth_provider_is_said_at_once_and_its_command_is_not_run(
    tmp_path: Path, provider: str
) -> None:
    ran = tmp_path / "ran"
    config = {"cmd-path": "/usr/bin/touch", "cmd-args": str(ran)}
    path = written(tmp_path, json.dumps(tree({"auth-provider": {"name": provider, "config": config}})))
    began = time.monotonic()
    with pytest.raises(
        ClusterError, match=f'auth-provider "{provider}", which kubectl and helm do not know any more'
    ) as caught:
        await KubeCluster(Target("here", "ns", kubeconfig=path)).version()
    assert caught.value.kind == "no-credentials"
    assert time.monotonic() - began < 1
    assert not ran.exists()


@pytest.mark.parametrize("section", ["users", "clusters", "contexts"])
def test_two_entries_of_one_name_are_refused_as_kubectl_does_without_their_content(
    tmp_path: Path, section: str
) -> None:
    made = tree({"token": SECRET})
    made[section] = made[section] * 2
    problem = KubeconfigFiles().read(written(tmp_path, json.dumps(made))).problem
    assert problem is not None
    assert f"names two {section}" in problem.what
    assert SECRET not in str(problem)


def test_a_broken_kubeconfig_shows_nothing_of_what_stands_at_the_place(tmp_path: Path) -> None:
    for token in (f"*{SECRET}", f"!{SECRET} x", f"%{SECRET}", f"'{SECRET}", f"{SECRET}: b: c", f"`{SECRET}"):
        problem = KubeconfigFiles().read(written(tmp_path, f"users:\n- name: u\n  user:\n    token: {token}\n")).problem
        assert problem is not None
        assert SECRET not in str(problem)


@pytest.mark.parametrize(
    ("listed", "says"),
    [
        (":".join(f"/none/{n}" for n in range(10_000)), r"\$KUBECONFIG lists 10000 files; at most 100 are read"),
        ("x" * 100_000, "cannot be read: File name too long"),
        (os.fsdecode(b"/none/\xff\xfe"), "does not exist"),
        ("/dev/zero", "it is a device, not a file"),
        (":" * 5000, "There is no kubeconfig"),
    ],
    ids=["many", "long", "bytes", "device", "colons"],
)
def test_an_odd_list_in_the_environment_is_one_short_sentence(
    monkeypatch: pytest.MonkeyPatch, listed: str, says: str
) -> None:
    monkeypatch.setenv("KUBECONFIG", listed)
    problem = KubeconfigFiles().read().problem
    assert problem is not None
    assert len(str(problem)) < 1000
    str(problem).encode("utf-8")
    with pytest.raises(type(problem), match=says):
        raise problem


def test_a_pipe_is_no_kubeconfig_helm_has_to_read_it_too(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config")
    problem = KubeconfigFiles().read(str(tmp_path / "config")).problem
    assert problem is not None
    assert "it is a pipe, not a file" in problem.what
