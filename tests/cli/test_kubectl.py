"""The kubectl lines of `values`: run in a shell they make exactly the Secrets that a run makes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.tls_pairs import HOST, Pair, pairs
from tests.stub_session import StubSession
from wizard.cli import kubectl
from wizard.core.answers.secrets import SecretToMake, Source, plan
from wizard.core.target import Target
from wizard.core.text.redaction import hide
from wizard.engine.answers import Prepared
from wizard.engine.run.run import secret_manifest

SPECIAL = """p@ss/w0rd:x#%?&=+ "q"'s\\n $HOME $(id) `id` [é] <{|}>~;!*,"""
STORE = """\
#!/bin/sh
# Real kubectl without a server: what it would create is kept, labels are set on that.
verb="$1"; kind="$2"
case "$verb $kind" in
"create namespace") exec "$KUBECTL" "$@" --dry-run=client -o name ;;
"create secret") exec "$KUBECTL" "$@" --dry-run=client -o json >"$STORE/$4.json" ;;
"label secret")
  shift 2
  while [ "${1#--}" = "$1" ]; do set -- "$@" "-f" "$STORE/$1.json"; shift; done
  "$KUBECTL" label --local -o json "$@" >"$STORE/labelled" && mv "$STORE/labelled" "$STORE/labelled.json" ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "a person's own folder"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def prepared(session: StubSession, tls: str, **more: str) -> Prepared:
    answers = {
        "preset": "prod", "image": "a/b:c", "host": HOST, "tls": "files", "tls.cert": tls, "tls.key": more.pop("key", tls),
        "smtp.host": "mail.test", "expose": "ingress",
        **{f"secret.{name}": "file" for name in more}, **{f"secret.{name}.file": path for name, path in more.items()},
    }  # fmt: skip
    draft = session.answers.new()
    return session.answers.prepare(replace(draft, answers=answers))


def wanted(session: StubSession, of: Prepared) -> dict[str, Any]:
    """The Secrets that the run would create, by name."""
    material = session.installer._material(plan(of.resolved), of.resolved)
    return {
        secret.name: secret_manifest(secret.name, secret.type, material[secret.name], of.target.release)
        for secret in plan(of.resolved)
    }


def run(lines: list[str], program: str, shell: str, store: Path) -> dict[str, Any]:
    """The Secrets that the lines make, by name."""
    store.mkdir()
    (store / "kubectl").write_text(STORE)
    (store / "kubectl").chmod(0o755)
    environment = {**os.environ, "KUBECTL": program, "STORE": str(store), "PATH": f"{store}:{os.environ['PATH']}"}
    script = "set -e\n" + "\n".join(lines)
    done = subprocess.run(
        [shell, "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    text, made = (store / "labelled.json").read_text(), {}
    while text:
        item, end = json.JSONDecoder().raw_decode(text)
        made[item["metadata"]["name"]] = item
        text = text[end:].lstrip()
    return made


def content(secret: Mapping[str, Any]) -> dict[str, bytes]:
    data = {key: b64decode(value) for key, value in (secret.get("data") or {}).items()}
    return data | {key: value.encode() for key, value in (secret.get("stringData") or {}).items()}


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_lines_make_the_secrets_of_a_run(
    shell: str, folder: Path, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    (folder / 'jwt "key"\'s file').write_text("k" * 40 + "\r\n")
    (folder / "jwt").write_text("not this one")
    (Path.home() / "my pass").write_text(SPECIAL + "\n")
    (folder / "redis").write_text(SPECIAL)
    (folder / "server.pem").write_bytes(pairs()["a chain"].certificate)
    (folder / "the key").write_bytes(pairs()["a chain"].key)
    session = StubSession()
    files = {
        "jwt": './jwt "key"\'s file',
        "postgres": "~/my pass",
        "redis": "./redis",
        "smtp": "./redis",
        "grafana": "./redis",
    }
    of = prepared(session, "./server.pem", key="the key", **files)

    lines = list(kubectl.secret_commands(session.files.secrets_to_make(of.resolved), of.target))
    made, ours = run(lines, tool("kubectl"), shell, tmp_path / "store"), wanted(session, of)

    assert set(made) == set(ours)
    for name, secret in ours.items():
        assert content(made[name]) == content(secret), name
        assert made[name].get("type", "Opaque") == secret["type"], name
        assert made[name]["metadata"]["labels"] == secret["metadata"]["labels"], name
        assert made[name]["metadata"]["namespace"] == of.target.namespace
    assert sorted(path.name for path in folder.iterdir()) == [
        "jwt",
        'jwt "key"\'s file',
        "redis",
        "server.pem",
        "the key",
    ]
    assert [hide(line) for line in lines] == lines, "they are printed as they are"


@pytest.mark.parametrize(
    "name",
    [
        "ec behind its parameters", "CRLF", "no newline at the end", "text around", "text that is no UTF-8",
        "key and certificates in one file", "the key first", "DER", "DER with SEC1", "DER with PKCS1", "a certificate in DER",
        "two keys, the right one first",
    ],
)  # fmt: skip
def test_the_lines_bring_certificates_into_the_form_that_a_run_stores(
    name: str, folder: Path, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    pair: Pair = pairs()[name]
    (folder / "it's a cert").write_bytes(pair.certificate)
    (folder / "it's a key").write_bytes(pair.key)
    session = StubSession()
    of = prepared(session, "it's a cert", key="it's a key")

    (tls,) = [secret for secret in session.files.secrets_to_make(of.resolved) if secret.is_tls]
    made = run(list(kubectl.secret_commands((tls,), of.target)), tool("kubectl"), "sh", tmp_path / "store")

    assert content(made[tls.name]) == content(wanted(session, of)[tls.name])


def test_generated_secrets_are_the_same_under_each_of_their_keys(
    folder: Path, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    (folder / "server.pem").write_bytes(pairs()["key and certificates in one file"].certificate)
    session = StubSession()
    of = prepared(session, "server.pem")
    lines = list(kubectl.secret_commands(session.files.secrets_to_make(of.resolved), of.target))
    made = run(lines, tool("kubectl"), "sh", tmp_path / "store")

    for name, secret in wanted(session, of).items():
        if secret["type"] != "Opaque":
            continue
        texts = content(made[name])
        assert set(texts) == set(content(secret))
        values = {text for key, text in texts.items() if key not in ("admin-user", "jwt-secret", "smtp-password")}
        assert len(values) <= 1
        assert all(len(text) == 32 for key, text in texts.items() if key != "admin-user")


def test_a_pipe_that_is_gone_and_a_value_are_files_that_the_person_has_to_name() -> None:
    sources = (Source("jwt-secret", "file", "/dev/fd/63", "jwt"), Source("TOKEN", "values", "extraEnv[0].value"))
    lines = list(kubectl.secret_commands((SecretToMake("x", "Opaque", sources),), Target("", "ns", "x")))
    assert any(line.endswith(" --from-file=TOKEN=FILE") for line in lines)
    assert "tr -d '\\r\\n' <FILE >./x-secret-files/jwt" in lines


def test_no_line_holds_a_secret(folder: Path) -> None:
    (folder / "pw").write_text("canary-0123456789\n")
    (folder / "server.pem").write_bytes(pairs()["key and certificates in one file"].certificate)
    session = StubSession()
    of = prepared(session, "server.pem", postgres="pw")
    lines = "\n".join(kubectl.secret_commands(session.files.secrets_to_make(of.resolved), of.target))
    assert "canary" not in lines
    assert all(shlex.split(line) for line in lines.splitlines())
