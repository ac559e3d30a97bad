"""Reads kubeconfigs the way kubectl merges them, without importing the Kubernetes client (which costs 0.4 s)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from wizard.core import sanitize
from wizard.core.errors import Problem
from wizard.core.hiding import hide
from wizard.ports.kubeconfig import Context, Kubeconfig

if TYPE_CHECKING:
    from wizard.core.secrets import Redactor

_PRACTISE: Final = "or practise without a cluster: `llm-cost-ops-wizard sandbox up`."
_SECTIONS: Final = {"clusters": "cluster", "users": "user", "contexts": "context"}


@dataclass(frozen=True)
class Entry:
    """One named entry of a kubeconfig and the folder that its relative paths start from. Holds secrets: never shown."""

    body: Mapping[str, Any] = field(repr=False)
    folder: Path

    def text(self, key: str) -> str:
        """A string of the entry, "" when it is missing or not a string."""
        value = self.body.get(key)
        return value if isinstance(value, str) else ""


@dataclass
class Merged:
    """Every entry by section and name; the first file that names an entry wins, as for kubectl."""

    files: list[str] = field(default_factory=list)
    current: str = ""
    clusters: dict[str, Entry] = field(default_factory=dict)
    users: dict[str, Entry] = field(default_factory=dict)
    contexts: dict[str, Entry] = field(default_factory=dict)

    def add(self, path: Path, tree: Mapping[str, Any]) -> None:
        """Merge the content of one file below what is there."""
        self.files.append(str(path))
        current = tree.get("current-context")
        if not self.current and isinstance(current, str):
            self.current = current
        for section, key in _SECTIONS.items():
            known: dict[str, Entry] = getattr(self, section)
            for one in tree.get(section) or ():
                if isinstance(one, Mapping) and isinstance(one.get("name"), str):
                    body = one.get(key)
                    known.setdefault(one["name"], Entry(body if isinstance(body, Mapping) else {}, path.parent))


class KubeconfigFiles:
    """The kubeconfig of this machine."""

    def read(self, path: str = "") -> Kubeconfig:
        """The merged kubeconfig; never raises. A problem that is only about the current context has question "context"."""
        try:
            merged = load(path)
        except Problem as error:
            return Kubeconfig((), (), "", error)
        contexts = tuple(
            Context(
                sanitize.line(name),
                hide(sanitize.line(merged.clusters.get(one.text("cluster"), Entry({}, Path())).text("server"))),
                sanitize.line(one.text("user")),
                sanitize.line(one.text("namespace")),
            )
            for name, one in merged.contexts.items()
        )
        problem = None if merged.current in merged.contexts else _no_current(merged)
        current = sanitize.line(merged.current) if problem is None else ""
        return Kubeconfig(tuple(map(sanitize.line, merged.files)), contexts, current, problem)


def load(path: str = "") -> Merged:
    """The merged entries of the given file, of the list in $KUBECONFIG, or of ~/.kube/config.

    Raises:
        Problem: there is no file, one cannot be read, or none names a context.
    """
    merged = Merged()
    for file in _files(path):
        merged.add(file, _tree(file))
    if not merged.contexts:
        names = ", ".join(merged.files)
        raise Problem(f"The kubeconfig {names} names no context.", f"Give another with --kubeconfig PATH, {_PRACTISE}")
    return merged


def redactor(path: str = "") -> Redactor:
    """Knows every credential of the kubeconfigs, those of entries that are hidden by another of the same name too; never raises."""
    from wizard.core import masking

    trees = []
    with contextlib.suppress(Problem):
        for file in _files(path):
            with contextlib.suppress(Problem):
                trees.append(_tree(file))
    return masking.known_secrets(trees)


def _files(path: str) -> Iterator[Path]:
    if path:
        wanted, source = [Path(path).expanduser()], "--kubeconfig"
    elif listed := os.environ.get("KUBECONFIG", ""):
        wanted, source = [Path(one).expanduser() for one in listed.split(os.pathsep) if one], "$KUBECONFIG"
    else:
        wanted, source = [Path("~/.kube/config").expanduser()], "the default"
    found = [one for one in wanted if one.exists()]
    if not found:
        names = ", ".join(sanitize.line(str(one)) for one in wanted)
        raise Problem(
            f"There is no kubeconfig: {names} ({source}) does not exist.",
            f"Give one with --kubeconfig PATH or $KUBECONFIG, {_PRACTISE}",
        )
    yield from found


def _tree(path: Path) -> Mapping[str, Any]:
    import yaml  # here, not above: 40 ms that `--version` and `--help` need not pay

    shown = sanitize.line(str(path))
    try:
        tree = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    except OSError as error:
        raise Problem(
            f"The kubeconfig {shown} cannot be read: {error.strerror}.", "Look at its path and mode."
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise Problem(
            f"The kubeconfig {shown} is not valid YAML:{where}: {sanitize.line(str(error.problem))}.",
            "Repair that line or give another file with --kubeconfig PATH.",
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise Problem(f"The kubeconfig {shown} is not a text file.", "Give another with --kubeconfig PATH.") from None
    if tree is None:
        return {}
    if not isinstance(tree, Mapping) or any(not isinstance(tree.get(one) or [], list) for one in _SECTIONS):
        raise Problem(
            f"{shown} is not a kubeconfig: it has no lists of clusters, users and contexts.",
            "Give another file with --kubeconfig PATH.",
        )
    return tree


def _no_current(merged: Merged) -> Problem:
    names = ", ".join(sanitize.line(one) for one in sorted(merged.contexts))
    if merged.current:
        what = f'The current context "{sanitize.line(merged.current)}" is not in the kubeconfig.'
    else:
        what = "The kubeconfig names no current context."
    return Problem(what, f"Choose one with --context: {names}.", question="context")
