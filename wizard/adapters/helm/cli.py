"""The helm binary, outside of a run: argument lists, no terminal, a session of its own, time limits."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from wizard.adapters import bounded, children
from wizard.adapters.folders import cache_dir
from wizard.adapters.kube import kubeconfig
from wizard.adapters.kube.threads import Workers
from wizard.adapters.scratch import Scratch
from wizard.core import limits
from wizard.core.errors import Problem
from wizard.core.text import sanitize

if TYPE_CHECKING:
    from wizard.core.helm.binary import HelmInfo
    from wizard.core.helm.chart import ChartOptions
    from wizard.core.target import Target

_QUICK: Final = 10.0
_RENDER: Final = limits.HELM_SECONDS
_CLUSTER: Final = 30.0
"""Seconds that helm may take to print its version, to render, and to read a cluster."""
_INSTALL: Final = (
    "Install helm 3.15 or newer (https://helm.sh/docs/intro/install), name one with --helm PATH, "
    "or let the wizard build its pinned one: `make tools`."
)
_IDENTITY: Final = Path(__file__).with_name("identity-chart")
"""A chart that prints the uid of one object, by helm's own lookup."""
_VALUES: Final = Path(__file__).with_name("values-chart")
"""A chart that prints its values."""
_DUMP: Final = re.compile(r"(?<=in list: )\[.*", re.DOTALL)
"""What client-go prints of a kubeconfig with two users of one name: every user with keys and tokens."""
_SMALL_FILES: Final = ("/bin/sh", "-c", 'ulimit -f "$1" && shift && exec "$@"', "sh", str(limits.CHART_PACKED // 512))
"""Before a command: none of its files becomes larger than a packed chart may be (POSIX counts blocks of 512 bytes)."""
WITH_PLUGINS: Final = "LLM_COST_OPS_HELM_PLUGINS"
"""Set to 1, helm's plugins stay on."""


def environment() -> dict[str, str]:
    """The environment of every helm that we start: the person's own (logins, proxies, HELM_*), plugins off unless asked."""
    plugins = os.environ.get(WITH_PLUGINS) == "1"
    off = {} if plugins else {"HELM_NO_PLUGINS": "1", "HELM_PLUGINS": str(cache_dir("no-helm-plugins"))}
    return {**os.environ, **off}


_LESS_GARBAGE_COLLECTION: Final = {"GOGC": "400", "GOMEMLIMIT": "512MiB"}
"""For a helm that only reads and lives for less than a second: a fifth of its processor time is garbage collection."""


@contextlib.contextmanager
def _scratch(kind: str) -> Iterator[Path]:
    """A folder for what helm fetches or reads; nothing half-written outlives it."""
    scratch = Scratch(kind)
    try:
        yield scratch.path
    finally:
        scratch.remove()


class _HelmFailedError(Problem):
    """helm ended with an error; `words` are its own, sanitised and redacted."""

    def __init__(self, shown: str, words: str) -> None:
        super().__init__(f"{shown} failed: {words}", "")
        self.words = words


def _looks_up(chart: Path) -> bool:
    """Whether a chart may read objects of the cluster; True for a chart that cannot be read."""
    if not chart.is_dir() or next(chart.rglob("*.tgz"), None):
        return True
    try:
        return any(
            b"lookup" in bounded.read(file, limits.CHART_FILE)
            for folder in chart.rglob("templates")
            for file in folder.rglob("*")
            if file.is_file()
        )
    except OSError:
        return True


class HelmCli:
    """One helm binary: the given path, or the one on PATH. Searched at the first call, unless it is known already.

    `path` may be a function that finds it. `quick` is how many seconds it may take to print its version.
    """

    def __init__(
        self, path: str | Callable[[], str] = "", *, known: HelmInfo | None = None, quick: float = _QUICK
    ) -> None:
        self._path = path
        self._info = known
        self._quick = quick
        self._workers = Workers(4)
        self._asking = asyncio.Lock()

    async def info(self) -> HelmInfo:
        """Which helm this is; run once."""
        async with self._asking:  # a second caller waits for the answer to the first
            if self._info is None:
                self._info = await self._asked()
            return self._info

    async def _asked(self) -> HelmInfo:
        from wizard.core.helm import version
        from wizard.core.helm.binary import HelmInfo

        path = self._find()
        out = await self._run([path, "version", "--template", "{{.Version}}"], self._quick)
        number = version.parse(out.strip())
        if number is None:
            text = sanitize.line(out, 80)
            raise Problem(f'{sanitize.line(path)} is not helm: asked for its version it says "{text}".', _INSTALL)
        info = HelmInfo(path, out.strip().removeprefix("v"), number.major)
        if number < version.OLDEST:
            oldest = version.OLDEST
            text = f"helm {info.version} ({sanitize.line(path)})"
            raise Problem(f"{text} is older than {oldest.major}.{oldest.minor}.", _INSTALL)
        return info

    async def template(
        self, target: Target, chart: str, values_file: str, *, kube_version: str = "", values_text: str = "",
        api_versions: Sequence[str] = (),
    ) -> str:  # fmt: skip
        """The rendered manifests; values come from the file, or from the text when it is given."""
        from wizard.core.helm import command_line

        info = await self.info()
        argv = command_line.template_argv(
            target, chart, "-" if values_text else values_file, kube_version, api_versions
        )
        return await self._run([info.path, *argv], _RENDER, values_text)

    async def render(
        self, target: Target, chart: str, values_text: str, *, kube_version: str, api_versions: Sequence[str] = (),
        upgrade: bool,
    ) -> str:  # fmt: skip
        """The manifests as an install or upgrade would render them; values go through stdin."""
        from wizard.core.helm import command_line

        info = await self.info()
        argv = command_line.render_argv(
            target, chart, kube_version, api_versions, upgrade=upgrade, looks_up=_looks_up(Path(chart))
        )
        return await self._run([info.path, *argv], _RENDER, values_text or "{}")

    async def crds(self, chart: str) -> str:
        """The CRDs in the folders crds/ of a chart and its subcharts, as YAML; "" without any."""
        info = await self.info()
        return await self._run([info.path, "show", "crds", chart], _RENDER)

    async def read_values(self, target: Target, defaults: str, values: str) -> dict[str, Any]:
        """The values that helm makes of a values file over a chart's values.yaml, both as text."""
        with _scratch("values") as folder:
            chart = folder / _VALUES.name
            shutil.copytree(_VALUES, chart)
            (chart / "values.yaml").write_bytes(defaults.encode())
            rendered = await self.render(target, str(chart), values, kube_version="", upgrade=False)
        match = re.search(r'^  values: "([A-Za-z0-9+/=]*)"$', rendered, re.MULTILINE)
        tree = limits.loads(base64.b64decode(match[1])) if match else None
        if not isinstance(tree, dict):
            raise Problem("helm template did not answer with the values.", "Run it by hand with --debug.")
        return tree

    async def pull(self, reference: str, options: ChartOptions) -> bytes:
        """The packed chart, from a folder that exists only until it was read."""
        from wizard.core.helm import chart_errors, command_line

        info = await self.info()
        with _scratch("chart") as folder:
            try:
                argv = [info.path, *command_line.pull_argv(reference, options, str(folder))]
                await self._run(argv, limits.PULL_SECONDS, before=_SMALL_FILES)
                (packed,) = (file for file in folder.iterdir() if file.suffix != ".prov")
                return bounded.read(packed, limits.CHART_PACKED)
            except _HelmFailedError as error:
                raise chart_errors.not_pulled(reference, error.words.replace(f"{folder}/", "")) from None
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or "helm left no chart"
                raise chart_errors.not_pulled(reference, reason) from None

    async def verified(self, path: str, options: ChartOptions) -> bytes:
        """The packed chart: helm verifies a copy, which is what is returned, so that nobody can change it in between."""
        from wizard.core.helm import chart_errors, command_line

        info = await self.info()
        place = Path(path).expanduser()
        with _scratch("chart") as folder:
            copy = folder / place.name if place.is_file() else place
            try:
                if place.is_file():
                    copy.write_bytes(bounded.read(place, limits.CHART_PACKED))
                    if (proof := place.with_name(f"{place.name}.prov")).exists():
                        copy.with_name(proof.name).write_bytes(bounded.read(proof, limits.CHART_FILE))
                await self._run([info.path, *command_line.verify_argv(str(copy), options.keyring)], _RENDER)
                return bounded.read(copy, limits.CHART_PACKED)
            except _HelmFailedError as error:
                raise chart_errors.not_verified(path, error.words.replace(f"{folder}/", "")) from None
            except OSError as error:
                raise chart_errors.not_verified(path, error.strerror or str(error)) from None

    async def list(self, target: Target) -> Sequence[dict[str, str]]:
        """`helm list` of the namespace, every status."""
        from wizard.core.helm import command_line

        info = await self.info()
        out = await self._run([info.path, *command_line.list_argv(info.major, target)], _CLUSTER)
        try:
            return [{str(key): str(value) for key, value in row.items()} for row in limits.loads(out or "[]")]
        except (ValueError, AttributeError, TypeError):
            raise Problem("helm list did not answer with a list of releases.", "Run it by hand with --debug.") from None

    def overrides(self, target: Target) -> Sequence[str]:
        """Names of HELM_KUBE* variables that make helm differ from the kubeconfig."""
        from wizard.core.helm import environment as helm_environment

        names = [name for name in os.environ if name.startswith(helm_environment.PREFIX)]
        if not names:
            return ()
        return helm_environment.overrides(os.environ, kubeconfig.settings_of(target.kubeconfig, target.context))

    async def uid_of(self, target: Target, kind: str, name: str, namespace: str = "") -> str:
        """The uid of an object of v1 by helm's own lookup; "" when it does not exist."""
        wanted = json.dumps({"kind": kind, "name": name, "namespace": namespace})
        rendered = await self.render(target, str(_IDENTITY), wanted, kube_version="", upgrade=False)
        match = re.search(r'^  uid: "([^"]*)"$', rendered, re.MULTILINE)
        return match[1] if match else ""

    async def stored_values(self, target: Target) -> str:
        """`helm get values` of the release as YAML."""
        from wizard.core.helm import command_line

        info = await self.info()
        argv = ["get", "values", target.release, *command_line.target_argv(target), "--output", "yaml"]
        return await self._run([info.path, *argv], _CLUSTER)

    def _find(self) -> str:
        path = self._path if isinstance(self._path, str) else self._path()
        shown = sanitize.line(path)
        resolved = shutil.which(path or "helm")
        if resolved:
            return os.path.abspath(resolved)  # noqa: PTH100 - resolving links would lose busybox-like names
        if not path:
            raise Problem("There is no helm on PATH.", _INSTALL)
        raise Problem(f"There is no helm that can be run at {shown}.", "Give another with --helm PATH.")

    async def _run(self, argv: Sequence[str], limit: float, stdin: str = "", before: Sequence[str] = ()) -> str:
        """The output of a command; `before` are the words of a program that starts it."""
        shown = f"helm {argv[1]}"
        child = children.Child(limits.HELM_OUTPUT, limit)
        try:
            done = await self._workers.call(
                lambda: child.run([*before, *argv], {**_LESS_GARBAGE_COLLECTION, **environment()}, stdin.encode())
            )
        except bounded.ExceededError as error:
            raise Problem(
                f"{shown} was ended: {error.strerror}.", "Run it by hand with --debug to see what it does."
            ) from None
        except (OSError, ValueError) as error:
            words = getattr(error, "strerror", None) or "an argument holds a zero byte"
            raise Problem(f"{sanitize.line(argv[0])} cannot be started: {words.lower()}.", _INSTALL) from None
        finally:
            child.stop()  # a cancelled caller does not leave it running
        if done.code:
            named = [path for flag, path in pairwise(argv) if flag == "--kubeconfig"]
            raise _HelmFailedError(shown, self._words(done.err or done.out, done.code, *named))
        return done.out.decode(
            "utf-8", "replace"
        )  # manifests and values are data: they are sanitised where they are shown

    def _words(self, raw: bytes, code: int, path: str = "") -> str:
        """Helm's error, without credentials: of a kubeconfig that it cannot read helm prints whole entries."""
        from wizard.core.helm.output import chart_words
        from wizard.core.text.redaction import hide

        words = raw.decode("utf-8", "replace")
        text = hide(kubeconfig.redactor(path)(sanitize.text(words, len(words) * 4))).strip()
        at = text.rfind("\nError: ")  # warnings come before it
        text = chart_words(_DUMP.sub("...", text[at + 1 :].removeprefix("Error: ")))
        return text[:4000] or f"exit code {code}."
