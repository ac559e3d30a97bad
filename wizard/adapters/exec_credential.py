"""Login plugins of a kubeconfig (`users[].user.exec`), kept away from the terminal.

The Kubernetes client hands them its stdin and stderr when stdout is a terminal, which wrecks a full-screen app; here
they get a closed stdin, captured output, a session of their own and a time limit. Logins that must ask something
happen before the wizard starts.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from wizard.core import sanitize
from wizard.ports.cluster import ClusterError

LIMIT: Final = 30.0
"""Seconds a plugin may take; cloud logins need a few."""
_EARLY: Final = 30.0
"""Seconds before its end at which a credential is renewed."""


@dataclass(frozen=True)
class ExecCredential:
    """What a plugin answered. Holds secrets: never shown."""

    token: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    expires: float | None = None
    """Seconds since the epoch."""

    @property
    def stale(self) -> bool:
        """Whether it ends within half a minute."""
        return self.expires is not None and time.time() > self.expires - _EARLY


def run(spec: Mapping[str, Any], folder: Path, cluster: Mapping[str, Any] | None = None) -> ExecCredential:
    """Ask the plugin; `folder` is the kubeconfig's, `cluster` its cluster entry, sent if the plugin wants it.

    Raises:
        ClusterError: no-credentials; the plugin is missing, failed, hung or wants a terminal.
    """
    command = str(spec.get("command") or "")
    shown = sanitize.line(command)
    if not command or not spec.get("apiVersion"):
        raise _no("The login plugin in the kubeconfig has no command or no apiVersion.")
    if spec.get("interactiveMode") == "Always":
        raise _no(f"The login plugin {shown} wants to ask you something; log in first with {_by_hand(spec)}.")
    if os.sep in command:
        command = str(folder / Path(command).expanduser())
    out, err, code = _talk([command, *map(str, spec.get("args") or ())], _environment(spec, cluster), spec)
    if code:
        words = sanitize.line(err.strip() or out.strip(), 400) or f"exit code {code}"
        raise _no(f"The login plugin {shown} failed: {words}. Log in again, then retry.")
    return _answer(out, spec, shown)


def _talk(argv: list[str], environment: Mapping[str, str], spec: Mapping[str, Any]) -> tuple[str, str, int]:
    shown = sanitize.line(argv[0])
    try:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(environment),
            start_new_session=True,
        )  # fmt: skip
    except FileNotFoundError:
        hint = sanitize.line(str(spec.get("installHint") or ""), 300)
        raise _no(f"The login plugin {shown} is not installed. {hint}".rstrip()) from None
    except OSError as error:
        raise _no(f"The login plugin {shown} cannot be started: {error.strerror}.") from None
    try:
        out, err = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise _no(f"The login plugin {shown} did not answer within {LIMIT:g} s; log in first, then retry.") from None
    return out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), process.returncode


def _environment(spec: Mapping[str, Any], cluster: Mapping[str, Any] | None) -> dict[str, str]:
    wanted: dict[str, Any] = {"interactive": False}
    if spec.get("provideClusterInfo") and cluster is not None:
        wanted["cluster"] = {key: value for key, value in cluster.items() if key != "extensions"}
        for one in cluster.get("extensions") or ():
            if one.get("name") == "client.authentication.k8s.io/exec":
                wanted["cluster"]["config"] = one.get("extension")
    info = {"apiVersion": spec["apiVersion"], "kind": "ExecCredential", "spec": wanted}
    extra = {str(one["name"]): str(one["value"]) for one in spec.get("env") or ()}
    return {**os.environ, **extra, "KUBERNETES_EXEC_INFO": json.dumps(info)}


def _answer(out: str, spec: Mapping[str, Any], shown: str) -> ExecCredential:
    try:
        data = json.loads(out)
        status = data["status"]
        token, certificate, key = (
            str(status.get(name) or "") for name in ("token", "clientCertificateData", "clientKeyData")
        )
        ends = status.get("expirationTimestamp")
        expires = datetime.fromisoformat(ends).timestamp() if ends else None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _no(f"The login plugin {shown} did not answer with a credential.") from None
    if data.get("apiVersion") != spec["apiVersion"]:
        said = sanitize.line(str(data.get("apiVersion")))
        raise _no(f"The login plugin {shown} speaks {said}, the kubeconfig wants {spec['apiVersion']}.")
    if not token and not (certificate and key):
        raise _no(f"The login plugin {shown} answered without a token or certificate.")
    return ExecCredential(token, certificate, key, expires)


def _by_hand(spec: Mapping[str, Any]) -> str:
    return sanitize.line(shlex.join([str(spec["command"]), *map(str, spec.get("args") or ())]), 200)


def _no(message: str) -> ClusterError:
    return ClusterError("no-credentials", message)
