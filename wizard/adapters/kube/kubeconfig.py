"""Reads and merges kubeconfigs as kubectl does, without the Kubernetes client (its import costs 0.4 s)."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from wizard.adapters import bounded
from wizard.core import limits
from wizard.core.errors import Problem
from wizard.core.kube.kubeconfig import Context, Kubeconfig
from wizard.core.text import sanitize
from wizard.core.text.redaction import hide

if TYPE_CHECKING:
    from wizard.core.text.secrets import Redactor

_PRACTISE: Final = "or practise without a cluster: `llm-cost-ops-wizard sandbox up`."
_SECTIONS: Final = {"clusters": "cluster", "users": "user", "contexts": "context"}
_NAME: Final = 300
"""Characters of a path or name that a message shows."""
_SHOWN: Final = 5
"""How many paths a message shows."""


@dataclass(frozen=True)
class Entry:
    """One named entry of a kubeconfig and the folder that its relative paths start from. Holds secrets: never shown."""

    body: Mapping[str, Any] = field(repr=False)
    folder: Path

    def text(self, key: str) -> str:
        """A string of the entry, "" when it is missing or not a string."""
        value = self.body.get(key)
        return value if isinstance(value, str) else ""


_NOTHING: Final = Entry({}, Path())
"""In place of a missing entry."""


@dataclass
class Merged:
    """Every entry by section and name; the first file that names an entry wins, as for kubectl."""

    files: list[str] = field(default_factory=list)
    current: str = ""
    clusters: dict[str, Entry] = field(default_factory=dict)
    users: dict[str, Entry] = field(default_factory=dict)
    contexts: dict[str, Entry] = field(default_factory=dict)

    def add(self, path: Path, tree: Mapping[str, Any]) -> None:
        """Merge the content of one file below the entries so far; raises Problem when it has two entries of one name."""
        self.files.append(str(path))
        current = tree.get("current-context")
        if not self.current and isinstance(current, str):
            self.current = current
        for section, key in _SECTIONS.items():
            entries: dict[str, Entry] = getattr(self, section)
            names: set[str] = set()
            for named in tree.get(section) or ():
                if isinstance(named, Mapping) and isinstance(name := named.get("name"), str):
                    if name in names:
                        # kubectl and helm refuse it too, and print the whole list with its keys and tokens.
                        shown = f"{sanitize.line(str(path), _NAME)} names two {section} {sanitize.line(name, _NAME)!r}"
                        raise Problem(f"The kubeconfig {shown}; kubectl and helm refuse that.", "Rename or remove one.")
                    names.add(name)
                    body = named.get(key)
                    entries.setdefault(name, Entry(body if isinstance(body, Mapping) else {}, path.parent))


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
                hide(sanitize.line(merged.clusters.get(context.text("cluster"), _NOTHING).text("server"))),
                sanitize.line(context.text("user")),
                sanitize.line(context.text("namespace")),
                bool(merged.clusters.get(context.text("cluster"), _NOTHING).body.get("insecure-skip-tls-verify")),
                bool({"exec", "auth-provider"} & set(merged.users.get(context.text("user"), _NOTHING).body)),
            )
            for name, context in merged.contexts.items()
        )
        problem = None if merged.current in merged.contexts else _no_current(merged)
        current = sanitize.line(merged.current) if problem is None else ""
        readable = tuple(sanitize.line(file) for file in merged.files if _open_to_others(Path(file)))
        return Kubeconfig(tuple(map(sanitize.line, merged.files)), contexts, current, problem, readable)


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


def settings_of(path: str, context: str) -> dict[str, str]:
    """Server, trust and identity of a context, by the kubeconfig's own names; holds secrets: never shown.

    Empty for a kubeconfig that cannot be used.
    """
    try:
        merged = load(path)
    except Problem:
        return {}
    name = context or merged.current
    chosen = merged.contexts.get(name, _NOTHING)
    cluster = merged.clusters.get(chosen.text("cluster"), _NOTHING)
    user = merged.users.get(chosen.text("user"), _NOTHING)
    groups = user.body.get("as-groups")
    return {
        "context": name,
        "server": cluster.text("server").rstrip("/"),
        "certificate-authority": cluster.text("certificate-authority"),
        "insecure-skip-tls-verify": "true" if cluster.body.get("insecure-skip-tls-verify") else "",
        "tls-server-name": cluster.text("tls-server-name"),
        "token": user.text("token"),
        "as": user.text("as"),
        "as-groups": ",".join(map(str, groups)) if isinstance(groups, list) else "",
    }


def redactor(path: str = "") -> Redactor:
    """A redactor of every credential of the kubeconfigs, those of hidden entries too; never raises."""
    from wizard.core.text import masking

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
        names = [name for name in listed.split(os.pathsep) if name]
        if len(names) > limits.KUBECONFIGS:
            raise Problem(
                f"$KUBECONFIG lists {len(names)} files; at most {limits.KUBECONFIGS} are read.",
                "Give one with --kubeconfig PATH.",
            )
        wanted, source = [Path(name).expanduser() for name in names], "$KUBECONFIG"
    else:
        wanted, source = [Path("~/.kube/config").expanduser()], "the default"
    existing = [file for file in wanted if _exists(file)]
    if not existing:
        names = [sanitize.line(str(file), _NAME) for file in wanted[:_SHOWN]]
        more = f" and {len(wanted) - _SHOWN} more" if len(wanted) > _SHOWN else ""
        raise Problem(
            f"There is no kubeconfig: {', '.join(names)}{more} ({source}) does not exist.",
            f"Give one with --kubeconfig PATH or $KUBECONFIG, {_PRACTISE}",
        )
    yield from existing


def _exists(path: Path) -> bool:
    """Whether it exists; True where that cannot be read: reading it reports why."""
    try:
        return path.exists()
    except OSError:
        return True


def _open_to_others(path: Path) -> bool:
    """Whether its mode lets everybody read it, and those of its folders reach it (path_resolution(7)); ACLs are ignored."""
    try:
        real = path.resolve()
        return bool(real.stat().st_mode & stat.S_IROTH) and all(
            folder.stat().st_mode & stat.S_IXOTH for folder in real.parents
        )
    except OSError:
        return False


def _tree(path: Path) -> Mapping[str, Any]:
    from wizard.adapters.helm.documents import YamlDocuments

    shown = f"The kubeconfig {sanitize.line(str(path), _NAME)}"
    try:
        # No pipe: it can be read only once, and helm reads it too.
        text = bounded.read(path, limits.KUBECONFIG).decode("utf-8-sig")
    except OSError as error:
        reason = (error.strerror or str(error)).rstrip(".")
        raise Problem(f"{shown} cannot be read: {reason}.", "Look at its path and mode.") from None
    except UnicodeDecodeError:
        raise Problem(f"{shown} is not a text file.", "Give another with --kubeconfig PATH.") from None
    tree = YamlDocuments().load(text, shown, repeats=True)
    if tree is None:
        return {}
    if not isinstance(tree, Mapping) or any(not isinstance(tree.get(section) or [], list) for section in _SECTIONS):
        raise Problem(
            f"{shown[4:]} is not a kubeconfig: it has no lists of clusters, users and contexts.",
            "Give another file with --kubeconfig PATH.",
        )
    return tree


def _no_current(merged: Merged) -> Problem:
    names = ", ".join(sanitize.line(context) for context in sorted(merged.contexts))
    if merged.current:
        what = f'The current context "{sanitize.line(merged.current)}" is not in the kubeconfig.'
    else:
        what = "The kubeconfig names no current context."
    return Problem(what, f"Choose one with --context: {names}.", question="context")
