"""Finds, reads and merges kubeconfigs as client-go does for kubectl and helm (tools/clientcmd/loader.go)."""

from __future__ import annotations

import codecs
import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from wizard.adapters import bounded, exposure
from wizard.core import limits
from wizard.core.errors import Problem
from wizard.core.kube import kubeconfig_fields, kubeconfig_rules
from wizard.core.kube.kubeconfig import Context, Kubeconfig
from wizard.core.text import sanitize
from wizard.core.text.redaction import hide

if TYPE_CHECKING:
    from wizard.core.text.secrets import Redactor

_PRACTISE: Final = "or practise without a cluster: `llm-cost-ops-wizard sandbox up`."
_SECTIONS: Final = {"clusters": "cluster", "users": "user", "contexts": "context"}
_OTHER_CONTEXT: Final = "Correct it, or choose another context with --context."
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NAME: Final = 300
"""Characters of a path or name that a message shows."""
_SHOWN: Final = 5
"""How many paths a message shows."""


@dataclass(frozen=True)
class Entry:
    """One named entry of a kubeconfig: its fields, each of its type, and its file. Holds secrets: never shown."""

    body: Mapping[str, Any] = field(repr=False)
    file: Path

    def text(self, key: str) -> str:
        """A text of the entry, "" when it is missing."""
        value: str = self.body.get(key, "")
        return value

    def path(self, key: str) -> str:
        """A path of the entry, which is relative to the folder of its file; "" when it is missing."""
        text = self.text(key)
        return os.path.normpath(self.folder / text) if text and not text.startswith(os.sep) else text

    @property
    def folder(self) -> Path:
        """The folder of its file, absolute."""
        return Path(os.path.abspath(self.file.parent))  # noqa: PTH100 - links are kept, as Go keeps them


_NOTHING: Final = Entry({}, Path())
"""In place of a missing entry."""


@dataclass(frozen=True)
class Chosen:
    """A context that kubectl and helm take: where it leads, and as whom. Holds secrets: never shown."""

    name: str
    server: str
    """Its URL, without a slash at its end."""
    cluster: Entry
    user: Entry
    """Only the fields that count."""


@dataclass
class Merged:
    """Every entry by section and name; the first file that names an entry wins, as for kubectl."""

    files: list[str] = field(default_factory=list)
    current: str = ""
    clusters: dict[str, Entry] = field(default_factory=dict)
    users: dict[str, Entry] = field(default_factory=dict)
    contexts: dict[str, Entry] = field(default_factory=dict)

    def add(self, path: Path, tree: Mapping[str, Any]) -> None:
        """Merge the fields of one file below the entries so far."""
        self.files.append(str(path))
        self.current = self.current or tree.get("current-context", "")
        for section, key in _SECTIONS.items():
            entries: dict[str, Entry] = getattr(self, section)
            for named in tree.get(section, ()):
                entries.setdefault(named.get("name", ""), Entry(named.get(key, {}), path))

    def chosen(self, name: str = "") -> Chosen:
        """The context of that name, or the current one.

        Raises:
            Problem: there is none, or kubectl and helm refuse it.
        """
        name = name or self.current
        context = self.contexts.get(name)
        if context is None:
            raise _no_context(self, name)
        cluster = self.clusters.get(context.text("cluster"))
        if cluster is None:
            what = f'The context "{_short(name)}" names a cluster "{_short(context.text("cluster"))}" that {_in(context)} does not have.'
            raise Problem(what, _OTHER_CONTEXT)
        user = self.users.get(context.text("user"), Entry({}, context.file))
        if refused := next(kubeconfig_rules.refusals(cluster.body, user.body), None):
            kind, (what, step) = refused
            entry = cluster if kind == "cluster" else user
            raise Problem(f'The {kind} "{_short(context.text(kind))}" of {_in(entry)} {what}.', step)
        encrypted = kubeconfig_rules.is_encrypted(cluster.body)
        counting = Entry(kubeconfig_rules.effective(user.body, encrypted=encrypted), user.file)
        return Chosen(name, kubeconfig_rules.address(cluster.text("server")), cluster, counting)


class KubeconfigFiles:
    """The kubeconfig of this machine."""

    def read(self, path: str = "") -> Kubeconfig:
        """The merged kubeconfig; never raises. A problem that is only about the current context has question "context"."""
        try:
            merged = load(path)
        except Problem as error:
            return Kubeconfig((), (), "", error)
        contexts = tuple(_context(merged, name) for name in merged.contexts)
        problem = None if merged.current in merged.contexts else _no_context(merged, merged.current)
        current = sanitize.line(merged.current) if problem is None else ""
        readable = tuple(sanitize.line(file) for file in merged.files if exposure.open_to_others(Path(file)))
        return Kubeconfig(tuple(map(sanitize.line, merged.files)), contexts, current, problem, readable)


def _context(merged: Merged, name: str) -> Context:
    context = merged.contexts[name]
    cluster = merged.clusters.get(context.text("cluster"), _NOTHING)
    server = kubeconfig_rules.address(cluster.text("server")) or cluster.text("server")
    user, problem = _NOTHING, None
    try:
        user = merged.chosen(name).user
    except Problem as refused:
        problem = refused
    return Context(
        sanitize.line(name),
        hide(sanitize.line(server)),
        sanitize.line(context.text("user")),
        sanitize.line(context.text("namespace")),
        cluster.body.get("insecure-skip-tls-verify", False),
        bool({"exec", "auth-provider"} & set(user.body)),
        problem,
    )


def load(path: str = "") -> Merged:
    """The merged entries of the given file, of the list in $KUBECONFIG, or of ~/.kube/config.

    Raises:
        Problem: there is no file, one cannot be read or is not taken by kubectl, or none names a context.
    """
    merged = Merged()
    for file in _files(path):
        merged.add(file, kubeconfig_fields.typed(_tree(file), _shown(file)))
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
    return {
        "context": name,
        "server": cluster.text("server").rstrip("/"),
        "certificate-authority": cluster.path("certificate-authority"),
        "insecure-skip-tls-verify": "true" if cluster.body.get("insecure-skip-tls-verify") else "",
        "tls-server-name": cluster.text("tls-server-name"),
        "token": user.text("token"),
        "as": user.text("as"),
        "as-groups": ",".join(user.body.get("as-groups", ())),
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
    """The files to read. A ~ in their names is not expanded, as helm, which gets the same names, does not either."""
    if path:
        wanted, source = [Path(path)], "--kubeconfig"
    elif listed := os.environ.get("KUBECONFIG", ""):
        names = dict.fromkeys(name for name in listed.split(os.pathsep) if name)
        if len(names) > limits.KUBECONFIGS:
            raise Problem(
                f"$KUBECONFIG lists {len(names)} files; at most {limits.KUBECONFIGS} are read.",
                "Give one with --kubeconfig PATH.",
            )
        wanted, source = [Path(name) for name in names], "$KUBECONFIG"
    else:
        wanted, source = [Path(os.environ.get("HOME", ""), ".kube", "config")], "the default"
    existing = [file for file in wanted if _exists(file)]
    if not existing:
        paths = [_short(str(file)) for file in wanted[:_SHOWN]]
        more = f" and {len(wanted) - _SHOWN} more" if len(wanted) > _SHOWN else ""
        raise Problem(
            f"There is no kubeconfig: {', '.join(paths)}{more} ({source}) does not exist.",
            f"Give one with --kubeconfig PATH or $KUBECONFIG, {_PRACTISE}",
        )
    yield from existing


def _exists(path: Path) -> bool:
    """Whether it exists; True where that cannot be told: reading it reports why."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    return True


def _tree(path: Path) -> Any:
    """The first document of a file, as plain data; what follows it is not read, by kubectl and helm neither."""
    from wizard.adapters.helm.documents import YamlDocuments

    shown = _shown(path)
    try:
        # No pipe: it can be read only once, and helm reads it too.
        raw = bounded.read(path, limits.KUBECONFIG)
        text = raw.decode("utf-16" if raw.startswith(_UTF_16) else "utf-8-sig")
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise Problem(f"{shown} is not a text file.", "Give another with --kubeconfig PATH.") from None
        reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        raise Problem(f"{shown} cannot be read: {reason}.", "Look at its path and mode.") from None
    return YamlDocuments().load_first(text, shown)


def _no_context(merged: Merged, name: str) -> Problem:
    names = ", ".join(sanitize.line(context) for context in sorted(merged.contexts))
    if name and name == merged.current:
        what = f'The current context "{_short(name)}" is not in the kubeconfig.'
    elif name:
        what = f'There is no context "{_short(name)}" in the kubeconfig.'
    else:
        what = "The kubeconfig names no current context."
    return Problem(what, f"Choose one with --context: {names}.", question="context")


def _in(entry: Entry) -> str:
    return f"the kubeconfig {_short(str(entry.file))}"


def _shown(path: Path) -> str:
    return f"The kubeconfig {_short(str(path))}"


def _short(text: str) -> str:
    return sanitize.line(text, _NAME)
