"""Login plugins of a kubeconfig (`users[].user.exec`), kept away from the terminal.

kubectl lets them ask and print on its terminal, which would wreck a full-screen app; here they get a closed stdin,
captured output, a session of their own and a time limit. Logins that must ask something happen before the wizard starts.
Everything else is as client-go has it (plugin/pkg/client/auth/exec).
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from wizard.adapters import bounded, children
from wizard.core import limits
from wizard.core.kube.errors import ClusterError
from wizard.core.text import sanitize

_EARLY: Final = 30.0
"""Seconds before its end at which a credential is renewed."""
_FAILED: Final = 15.0
"""Seconds for which a plugin that failed is not run again: a launch asks a dozen times for the same login."""


@dataclass(frozen=True)
class ExecCredential:
    """The answer of a plugin. Holds secrets: never shown."""

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
    """Run the plugin; `folder` is the kubeconfig's, `cluster` is sent as spec.cluster if the plugin wants it.

    Raises:
        ClusterError: no-credentials; the plugin is missing, failed, hung or wants a terminal.
    """
    command = spec["command"]
    shown = sanitize.line(command)
    if spec.get("interactiveMode") == "Always":
        raise _no(f"The login plugin {shown} wants to ask you something; log in first with {_by_hand(spec)}.")
    argv, environment = [_program(command, folder, spec), *spec.get("args", ())], _environment(spec, cluster)
    key = _key(argv, environment)
    with _LOCKS[key]:
        failed, words = _LAST_FAILURES.get(key, (-_FAILED, ""))
        if time.monotonic() - failed < _FAILED:
            raise _no(words)
        try:
            return _answer(_talk(argv, environment, spec), spec, shown)
        except ClusterError as error:
            _LAST_FAILURES[key] = (time.monotonic(), error.message)
            raise


_LOCKS: Final[dict[int, threading.Lock]] = defaultdict(threading.Lock)
"""A caller that comes while a plugin runs waits for it, and gets its failure instead of another run."""
_LAST_FAILURES: Final[dict[int, tuple[float, str]]] = {}
"""When a plugin failed last, and its message."""


def _program(command: str, folder: Path, spec: Mapping[str, Any]) -> str:
    """Path of the program: a command with a slash is relative to the kubeconfig's folder, another is searched in PATH."""
    if os.sep in command:
        return os.path.normpath(folder / command)
    found = shutil.which(command)  # before it starts: the env of the plugin may hold another PATH
    if found is None:
        raise _not_installed(sanitize.line(command), spec)
    if not Path(found).is_absolute():  # Go's ErrDot
        raise _no(
            f"The login plugin {sanitize.line(command)} is found in the current folder only; kubectl refuses that."
        )
    return found


def _not_installed(shown: str, spec: Mapping[str, Any]) -> ClusterError:
    hint = sanitize.line(spec.get("installHint", ""), 300)
    return _no(f"The login plugin {shown} is not installed. {hint}".rstrip())


def _key(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    return hash((*argv, *sorted(environment.items())))


def _talk(argv: list[str], environment: Mapping[str, str], spec: Mapping[str, Any]) -> bytes:
    shown = sanitize.line(argv[0])
    try:
        done = children.Child(limits.PLUGIN_OUTPUT, limits.PLUGIN_SECONDS).run(argv, environment)
    except FileNotFoundError:
        raise _not_installed(shown, spec) from None
    except bounded.ExceededError as error:
        raise _no(f"The login plugin {shown} was ended: {error.strerror}. Log in first, then retry.") from None
    except OSError as error:
        raise _no(f"The login plugin {shown} cannot be started: {error.strerror}.") from None
    except ValueError:
        raise _no(f"The login plugin {shown} cannot be started: a zero byte is in its arguments or env.") from None
    if done.code:
        output = (done.err.strip() or done.out.strip()).decode("utf-8", "replace")
        words = sanitize.line(output, 400) or f"exit code {done.code}"
        raise _no(f"The login plugin {shown} failed: {words}. Log in again, then retry.")
    return done.out


def _environment(spec: Mapping[str, Any], cluster: Mapping[str, Any] | None) -> dict[str, str]:
    wanted: dict[str, Any] = {"interactive": False}
    if spec.get("provideClusterInfo") and cluster is not None:
        wanted["cluster"] = cluster
    info = {"apiVersion": spec["apiVersion"], "kind": "ExecCredential", "spec": wanted}
    extra = {variable["name"]: variable.get("value", "") for variable in spec.get("env", ())}
    return {**os.environ, **extra, "KUBERNETES_EXEC_INFO": json.dumps(info)}


def _answer(out: bytes, spec: Mapping[str, Any], shown: str) -> ExecCredential:
    try:
        data = limits.loads(out)
        status = data["status"]
        token, certificate, key = (
            str(status.get(name) or "") for name in ("token", "clientCertificateData", "clientKeyData")
        )
        ends = status.get("expirationTimestamp")
        expires = datetime.fromisoformat(ends).timestamp() if ends else None
    except limits.OverLimitError as error:
        raise _no(f"The login plugin {shown} did not answer with a credential: {error}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise _no(f"The login plugin {shown} did not answer with a credential.") from None
    if data.get("apiVersion") != spec["apiVersion"]:
        version = sanitize.line(str(data.get("apiVersion")))
        raise _no(
            f"The login plugin {shown} speaks {version}, the kubeconfig wants {sanitize.line(str(spec['apiVersion']), 100)}."
        )
    if bool(certificate) != bool(key):
        raise _no(f"The login plugin {shown} answered with only one of certificate and key.")
    if not token and not certificate:
        raise _no(f"The login plugin {shown} answered without a token or certificate.")
    return ExecCredential(token, certificate, key, expires)


def _by_hand(spec: Mapping[str, Any]) -> str:
    return sanitize.line(shlex.join([spec["command"], *spec.get("args", ())]), 200)


def _no(message: str) -> ClusterError:
    return ClusterError("no-credentials", message)
