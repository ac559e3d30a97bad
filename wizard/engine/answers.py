"""Drafts, and what is made of a draft: its answers, its chart, and the values file."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import wizard
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem

if TYPE_CHECKING:
    from wizard.core.answers import values_file
    from wizard.core.answers.resolve import Destination, Layers, Resolved
    from wizard.core.helm.chart import Chart, ChartOptions
    from wizard.core.helm.strvals import SetFlag
    from wizard.core.helm.values import Path
    from wizard.core.target import Target
    from wizard.engine.release.rows import ReleasesView
    from wizard.engine.state import SessionState
    from wizard.ports.documents import Documents
    from wizard.ports.store import FileStore


@dataclass(frozen=True)
class Prepared:
    """A draft and everything that is made of it, each once. What is shown is what is planned and started."""

    draft: Draft
    resolved: Resolved
    chart: Chart
    _documents: Documents
    _files: FileStore

    @property
    def target(self) -> Target:
        """Where it goes."""
        return self.resolved.target

    @cached_property
    def file(self) -> values_file.ValuesFile:
        """The values file of the answers, as data; raises Problem when a -f file holds a secret."""
        from wizard.core.answers import values_file

        return values_file.build(self.resolved, wizard.__version__)

    @cached_property
    def text(self) -> str:
        """The values file as it will be written; raises Problem as `file` does, and when what is there cannot be edited."""
        from wizard.core.answers import values_file

        there = self._there
        if there.problem:
            raise there.problem
        if there.text is None:
            return self._documents.render(self.file.header, self.file.tree, self.file.notes)
        text = self._documents.edit(there.text, self.file.tree, there.path)
        return text.replace(values_file.CLEAN, values_file.NOT_CLEAN, 1) if self.file.secrets else text

    @cached_property
    def mark(self) -> str:
        """What tells it from another draft's: a hash of values, chart, target and flags of helm; raises Problem as `text` does."""
        import hashlib

        chart, target = self.chart, self.target
        parts = (self.text, chart.name, chart.version, chart.digest or chart.path, repr(target), repr(self.draft.helm))
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def _there(self) -> Destination:
        from wizard.core.answers.resolve import Destination

        return self.resolved.layers.destination or Destination(self.file.path)

    def shown(self) -> str:
        """The values file for a person to read: secrets from a person's own files are masked."""
        return self._masked(self.text)[0]

    def diff(self) -> tuple[str, ...]:
        """A unified diff against the existing file; empty when there is none or it is the same."""
        path, before = self.file.path, self._there.text
        if before is None:
            return ()
        import difflib

        old, new = (text.splitlines() for text in self._masked(before, self.text))
        diff = tuple(difflib.unified_diff(old, new, path, f"{path} (new)", lineterm=""))
        return diff or ((f"{path}: only values that are not shown differ",) if before != self.text else ())

    def _masked(self, *texts: str) -> list[str]:
        """The values files with their secrets masked."""
        from wizard.core.text import masking
        from wizard.core.text.redaction import hide

        trees = []
        for text in texts:
            with contextlib.suppress(Problem):  # the reader of the file reports what is wrong with it
                trees.append(self._documents.load(text, "values", repeats=True))
        redact = masking.known_secrets(trees)
        return [hide(redact(text)) for text in texts]

    def exists(self) -> bool:
        """Whether the values file is there already."""
        return self._there.text is not None

    def write(self) -> Sequence[str]:
        """Write the values file; returns the paths written (a backup among them), none when nothing changes.

        Raises:
            Problem: it cannot be written, or somebody has changed what is there meanwhile.
        """
        return self._files.replace(self.file.path, self.text, self._there.text)


def _same(before: Sequence[tuple[str, Any]], now: Sequence[tuple[str, Any]]) -> bool:
    """Whether the files are those that were read before."""
    return len(before) == len(now) and all(
        path == name and tree is read for (path, tree), (name, read) in zip(before, now, strict=True)
    )


def _holds_secret(flags: Sequence[SetFlag]) -> bool:
    """Whether the --set flags hold what looks like a secret; True for those that cannot be applied by themselves."""
    if not flags:
        return False
    from wizard.core.helm import strvals
    from wizard.core.text import masking

    tree: dict[str, Any] = {}
    try:
        for flag in strvals.in_order(flags):
            strvals.apply(tree, flag)
    except Problem:
        return True
    return any(True for _ in masking.secret_paths(tree))


class Answers:
    """Drafts of this session and of earlier sessions."""

    def __init__(self, state: SessionState, releases: Callable[[Target], AsyncIterator[ReleasesView]]) -> None:
        self._state = state
        self._releases = releases
        self._charts: dict[tuple[str, ChartOptions], Chart] = {}
        self._layers: Layers | None = None
        self._trees: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._secrets: dict[int, tuple[Mapping[str, Any], Mapping[Path, Any]]] = {}

    def new(self) -> Draft:
        """An empty draft with the options of the command line."""
        options = self._state.options
        named = {"context": options.context, "namespace": options.namespace, "release": options.release}
        return Draft(
            answers={key: value for key, value in named.items() if value},
            chart=options.chart,
            chart_options=options.chart_options,
            kubeconfig=options.kubeconfig,
        )

    async def _of_running(self, target: Target, *, foreign: bool) -> Draft:
        """A draft that starts from the values of the release that runs; raises Problem.

        Secrets are left out: our chart keeps those that are there. A foreign chart would lose what is not given again.
        """
        from wizard.core.helm import values

        ports = self._state.ports
        stored = ports.documents.load(await ports.helm.stored_values(target), f"values of {target.release}")
        answers = {"context": target.context, "namespace": target.namespace, "release": target.release}
        draft = replace(self.new(), answers={key: value for key, value in answers.items() if value})
        if foreign:
            return replace(draft, running=stored or {})
        return replace(draft, running=values.without_secrets(stored or {"global": {"environment": "production"}}))

    def kept(self) -> Sequence[tuple[str, Draft]]:
        """Drafts kept from earlier sessions with the time they were saved, newest first."""
        return self._state.ports.drafts.load_all()

    def keep(self, draft: Draft) -> None:
        """Keep the draft: the next session offers it, unless it was made from standard input or holds a secret in a flag."""
        if any(path.strip() == "-" for path in draft.files) or _holds_secret(draft.sets):
            return  # what came on standard input does not come again
        chart = self._charts.get((draft.chart, draft.chart_options))
        if chart and chart.foreign:
            draft = replace(draft, running={})  # with its secrets, and read again at the next start
        uid = self._state.suggestions.cluster_uid or draft.cluster_uid
        self._state.ports.drafts.save(replace(draft, cluster_uid=uid, write="" if draft.write == "-" else draft.write))

    def forget(self, draft: Draft) -> None:
        """Remove the kept draft of the same target."""
        self._state.ports.drafts.forget(draft)

    async def read(self, draft: Draft) -> Chart:
        """The draft's chart, pulled or verified by helm first where it must be; once a session. Raises Problem."""
        key = (draft.chart, draft.chart_options)
        if key not in self._charts:
            self._charts[key] = await self._found(draft.chart.strip(), draft.chart_options)
        return self._charts[key]

    async def _found(self, reference: str, options: ChartOptions) -> Chart:
        charts, puller = self._state.ports.charts, self._state.ports.puller
        if reference and not charts.is_local(reference):
            packed = await puller.pull(reference, options)
            return await asyncio.to_thread(charts.open_packed, packed, reference, pulled=True)
        if reference and options.verify:
            packed = await puller.verified(reference, options)
            return await asyncio.to_thread(charts.open_packed, packed, reference)
        return await asyncio.to_thread(charts.open, reference)

    def needs_helm(self, draft: Draft) -> bool:
        """Whether helm has to fetch or verify the chart before anything can be read of it, which `read` does."""
        if not draft.chart or (draft.chart, draft.chart_options) in self._charts:
            return False
        return draft.chart_options.verify or not self._state.ports.charts.is_local(draft.chart)

    def is_foreign(self, draft: Draft) -> bool:
        """Whether the draft's chart is of somebody else; False for one that cannot be read."""
        try:
            return self.chart(draft).foreign
        except Problem:
            return False

    def chart(self, draft: Draft) -> Chart:
        """The draft's chart as it was read; one that needs no helm is read now. Raises Problem."""
        key = (draft.chart, draft.chart_options)
        if self.needs_helm(draft):
            raise Problem(f"The chart {draft.chart} is not read yet.", "Try again.")
        if key not in self._charts:
            self._charts[key] = self._state.ports.charts.open(draft.chart)
        return self._charts[key]

    def layers(self, draft: Draft) -> Layers:
        """The value layers below the answers; raises Problem for a bad chart or values file."""
        from wizard.core.answers.resolve import Layers

        chart, ports = self.chart(draft), self._state.ports
        texts = [(path, ports.files.read(path, "values file", empty=True)) for path in draft.files]
        files = tuple(
            ("standard input" if path.strip() == "-" else path, self._tree(path, text)) for path, text in texts
        )
        known = self._layers
        if known and known.defaults is chart.defaults and _same(known.files, files):
            return known
        self._layers = Layers(chart.defaults, chart.presets, files, chart.version, chart.app_version, chart.name)
        return self._layers

    def _tree(self, path: str, text: str) -> Mapping[str, Any]:
        """The values of a file's text, read once as long as it stays the same."""
        kept, tree = self._trees.get(path, ("", {}))
        if kept != text:
            loaded = self._state.ports.documents.load(text, path)
            tree = {} if loaded is None else loaded
            if not isinstance(tree, Mapping):
                raise Problem(f"{path} is not a values file: it holds no KEY: VALUE lines.", "Give another with -f.")
            self._trees[path] = text, tree
        return tree

    def resolve(self, draft: Draft) -> Resolved:
        """Every question's effective answer, with the live facts known so far; raises Problem as `layers` does."""
        from wizard.core.answers.questions import questions_of
        from wizard.core.answers.resolve import Resolved

        layers = self.layers(draft)
        table = questions_of(layers.chart_name)
        named = Resolved(draft, self._state.suggestions, layers, table)  # as far as the path depends on it
        there = self._destination(named)
        own = [tree for _, tree in layers.files] + ([there.tree] if there.is_start else []) + [draft.running]
        secrets = {path: value for tree in own for path, value in self._secrets_of(tree).items()}
        whole = replace(layers, destination=there, secrets=secrets)
        return Resolved(draft, self._state.suggestions, whole, table)

    def _secrets_of(self, tree: Mapping[str, Any]) -> Mapping[Path, Any]:
        """What looks like a secret in a tree, searched once as long as the tree is the same."""
        if not tree:
            return {}
        from wizard.core.answers import secret_values
        from wizard.core.helm import values

        known = self._secrets.get(id(tree))
        if known is None or known[0] is not tree:
            known = tree, {path: values.get(tree, path) for path in secret_values.paths_in(tree)}
            self._secrets[id(tree)] = known
        return known[1]

    def _destination(self, resolved: Resolved) -> Destination:
        """Where the values file is written, and what is there."""
        from wizard.core.answers import values_file
        from wizard.core.answers.resolve import Destination

        draft, here = resolved.draft, (resolved["release"], resolved["namespace"])
        path = draft.write or values_file.default_path(here[0], resolved.preset)
        if path == "-":  # it is printed
            return Destination(path)
        try:
            text = self._state.ports.files.existing(path)
            owner = values_file.owner(text or "")
            if owner not in (None, here) and not draft.write:
                path = values_file.default_path(here[0], resolved.preset, here[1])
                text = self._state.ports.files.existing(path)
                owner = values_file.owner(text or "")
            if text is None:
                return Destination(path)
            if owner not in (None, here):
                release, namespace = owner or here
                raise Problem(
                    f"{path} holds the values of release {release} in namespace {namespace}; it is left alone.",
                    "Choose another path with --write PATH.",
                )
            tree = self._tree(path, text)
        except Problem as problem:
            return Destination(path, problem=problem)
        is_start = path in draft.files or not (draft.files or draft.running)
        return Destination(path, text, tree, is_start)

    def can_resolve(self, draft: Draft) -> bool:
        """Whether `resolve` has all it reads from files already."""
        return (draft.chart, draft.chart_options) in self._charts and all(path in self._trees for path in draft.files)

    def prepare(self, draft: Draft) -> Prepared:
        """The draft and what is made of it; raises Problem as `layers` does."""
        ports = self._state.ports
        return Prepared(draft, self.resolve(draft), self.chart(draft), ports.documents, ports.files)

    async def located(self, draft: Draft, *, required: bool = False) -> Draft:
        """The draft with the namespace of its release; unchanged when it names one or the release is not found.

        Raises:
            Problem: the release is in several namespaces, or required and not found.
        """
        if "namespace" in draft.answers:
            return draft
        target = self.resolve(draft).target
        namespaces: set[str] = set()
        async for view in self._releases(replace(target, namespace="")):
            namespaces = {row.namespace for row in view.rows if row.name == target.release}
        if required and not namespaces:
            raise Problem(f"{target.release} was not found.", "Name its namespace with -n NAMESPACE.")
        if len(namespaces) > 1:
            named = ", ".join(sorted(namespaces))
            raise Problem(f"{target.release} is in {named}.", "Choose one with -n NAMESPACE.", question="namespace")
        return draft.with_answers({"namespace": namespaces.pop()}) if namespaces else draft

    async def on_what_runs(self, draft: Draft, *, fresh: bool = False) -> Draft:
        """The draft of an upgrade on the values that run, unless -f files or a chosen preset replace them; raises Problem.

        `fresh`: its answers were made for an install, so that its preset does not count as chosen.
        """
        if draft.files or (not fresh and (draft.running or "preset" in draft.answers)):
            return draft
        resolved = self.resolve(draft)
        # It names the target: its default may differ by now.
        based = await self._of_running(resolved.target, foreign=resolved.layers.foreign)
        return replace(draft.with_answers(dict(based.answers)), running=based.running)
