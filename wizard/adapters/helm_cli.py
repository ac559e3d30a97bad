"""The helm binary, outside of a run: argument lists, no terminal, a session of its own, time limits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wizard.adapters.folders import cache_dir
from wizard.core import sanitize
from wizard.core.errors import Problem

if TYPE_CHECKING:
    from wizard.core.model.target import Target
    from wizard.ports.helm import HelmInfo

_QUICK: Final = 10.0
_RENDER: Final = 60.0
_CLUSTER: Final = 30.0
"""Seconds that helm may take: to say its version, to render, to ask a cluster."""
_INSTALL: Final = (
    "Install helm 3.15 or newer (https://helm.sh/docs/intro/install), name one with --helm PATH, "
    "or let the wizard build its pinned one: `make tools`."
)
WITH_PLUGINS: Final = "LLM_COST_OPS_HELM_PLUGINS"
"""Set to 1, helm's plugins stay on."""


def environment() -> dict[str, str]:
    """What every helm of ours gets: the person's own environment (logins, proxies, HELM_*), plugins off unless asked."""
    plugins = os.environ.get(WITH_PLUGINS) == "1"
    off = {} if plugins else {"HELM_NO_PLUGINS": "1", "HELM_PLUGINS": str(cache_dir("no-helm-plugins"))}
    return {**os.environ, **off}


def _looks_up(chart: Path) -> bool:
    """Whether a chart may read objects of the cluster; one that cannot be looked into is taken to do so."""
    if not chart.is_dir() or next(chart.rglob("*.tgz"), None):
        return True
    try:
        return any(
            "lookup" in file.read_text("utf-8", "replace")
            for folder in chart.rglob("templates")
            for file in folder.rglob("*")
            if file.is_file()
        )
    except OSError:
        return True


class HelmCli:
    """One helm binary: the given path, or the one on PATH. Looked for at the first call, not before, or known already.

    Whoever does not know the path yet gives a function that finds it.
    """

    def __init__(self, path: str | Callable[[], str] = "", *, known: HelmInfo | None = None) -> None:
        self._path = path
        self._info = known

    async def info(self) -> HelmInfo:
        """Which helm this is; asked once."""
        from wizard.core import dialect
        from wizard.ports.helm import HelmInfo

        if self._info is None:
            path = self._find()
            out = await self._run([path, "version", "--template", "{{.Version}}"], _QUICK)
            match = re.match(r"v?((\d+)\.\d+(?:\.\d+)?(?:[-+][0-9A-Za-z.+-]+)?)\s*$", out)
            if not match:
                said = sanitize.line(out, 80)
                raise Problem(f'{sanitize.line(path)} is not helm: asked for its version it says "{said}".', _INSTALL)
            info = HelmInfo(path, match[1], int(match[2]))
            if info.tuple < dialect.OLDEST:
                oldest = ".".join(map(str, dialect.OLDEST[:2]))
                raise Problem(f"helm {info.version} ({sanitize.line(path)}) is older than {oldest}.", _INSTALL)
            self._info = info
        return self._info

    async def template(
        self, target: Target, chart: str, values_file: str, *, kube_version: str = "", values_text: str = ""
    ) -> str:
        """The rendered manifests; values come from the file, or from the text when it is given."""
        from wizard.core import dialect

        info = await self.info()
        argv = dialect.template_argv(target, chart, "-" if values_text else values_file, kube_version)
        return await self._run([info.path, *argv], _RENDER, values_text)

    async def render(
        self, target: Target, chart: str, values_text: str, *, kube_version: str, api_versions: Sequence[str] = (),
        upgrade: bool,
    ) -> str:  # fmt: skip
        """The manifests as an install or upgrade would render them; values go through stdin."""
        from wizard.core import dialect

        info = await self.info()
        argv = dialect.render_argv(
            target, chart, kube_version, api_versions, upgrade=upgrade, looks_up=_looks_up(Path(chart))
        )
        return await self._run([info.path, *argv], _RENDER, values_text or "{}")

    async def list(self, target: Target) -> Sequence[dict[str, str]]:
        """`helm list` of the namespace, every status."""
        from wizard.core import dialect

        info = await self.info()
        out = await self._run([info.path, *dialect.list_argv(info.major, target)], _CLUSTER)
        try:
            return [{str(key): str(value) for key, value in one.items()} for one in json.loads(out or "[]")]
        except (ValueError, AttributeError, TypeError):
            raise Problem("helm list did not answer with a list of releases.", "Run it by hand with --debug.") from None

    async def stored_values(self, target: Target) -> str:
        """`helm get values` of the release as YAML."""
        from wizard.core import dialect

        info = await self.info()
        argv = ["get", "values", target.release, *dialect.target_argv(target), "--output", "yaml"]
        return await self._run([info.path, *argv], _CLUSTER)

    def _find(self) -> str:
        path = self._path if isinstance(self._path, str) else self._path()
        shown = sanitize.line(path)
        found = shutil.which(path or "helm")
        if found:
            return os.path.abspath(found)  # noqa: PTH100 - resolving links would lose busybox-like names
        if not path:
            raise Problem("There is no helm on PATH.", _INSTALL)
        raise Problem(f"There is no helm that can be run at {shown}.", "Give another with --helm PATH.")

    async def _run(self, argv: Sequence[str], limit: float, stdin: str = "") -> str:
        shown = f"helm {argv[1]}"
        try:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment(), start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            words = (error.strerror or "error").lower()
            raise Problem(f"{sanitize.line(argv[0])} cannot be started: {words}.", _INSTALL) from None
        try:
            out, err = await asyncio.wait_for(process.communicate(stdin.encode() or None), limit)
        except TimeoutError:
            raise Problem(
                f"{shown} did not answer within {limit:g} s.", "Run it by hand with --debug to see what it waits for."
            ) from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if process.returncode:
            named = [path for flag, path in pairwise(argv) if flag == "--kubeconfig"]
            raise Problem(f"{shown} failed: {self._words(err or out, process.returncode, *named)}", "")
        return out.decode("utf-8", "replace")  # manifests and values are data: whoever shows them makes them safe

    def _words(self, raw: bytes, code: int, path: str = "") -> str:
        """What helm says, without the credentials of a kubeconfig: it prints whole entries of one that it cannot read."""
        from wizard.adapters import kubeconfig
        from wizard.core.hiding import hide

        words = raw.decode("utf-8", "replace")
        text = hide(kubeconfig.redactor(path)(sanitize.text(words, len(words) * 4))).strip()
        at = text.rfind("\nError: ")  # warnings come before it
        text = text[at + 1 :].removeprefix("Error: ")
        return text[:4000] or f"exit code {code}."
