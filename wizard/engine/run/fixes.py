"""Fix and continue: what a person may do about a finding while helm still waits, offered in the record and carried out.

Nothing is done by itself. A fix is asked for over the run's private socket; the decision is in the record before the
first change, and what is replaced is on the disk before it is deleted.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from wizard.core.kube.objects import Object
from wizard.core.rules import fix
from wizard.core.rules.finding import Finding
from wizard.core.rules.fix import Answers, Fix, Step
from wizard.core.rules.fixes.volumes import unbound
from wizard.core.rules.snapshot import Snapshot
from wizard.core.run.events import Event
from wizard.core.run.view import RunView
from wizard.core.target import Target
from wizard.core.text.secrets import Secret
from wizard.engine.watch.release_watch import ReleaseWatch
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster, ClusterError
from wizard.ports.run import Recorder

_GONE_SECONDS: Final = 20.0
"""How long a claim may take to go; its protection lets go of it as soon as no pod on a node uses it."""
_LOOK_SECONDS: Final = 0.05
_TRIES: Final = 5
"""How often a claim is made when its workload's controller was quicker and made it with the old class."""
_NOT_RECORDS: Final = "type!=helm.sh/release.v1"

_Key = tuple[str, str]


class Healing:
    """The fixes of one run. `active` says whether helm still waits for what they would mend."""

    def __init__(
        self, cluster: Cluster, target: Target, watch: ReleaseWatch, record: Recorder, clock: Clock,
        active: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._cluster, self._target, self._watch = cluster, target, watch
        self._record, self._clock, self._active = record, clock, active
        self._looked: dict[_Key, tuple[str, ...]] = {}
        self._offered: dict[_Key, tuple[Fix, ...]] = {}
        self._said: dict[_Key, list[dict[str, Any]]] = {}
        self._work: asyncio.Task[None] | None = None

    def resume_after(self, view: RunView) -> None:
        """Take what a record already offers as said."""
        self._said = {key: [dict(one) for one in offered] for key, offered in view.fixes.items()}

    async def run(self) -> None:
        """Offer until cancelled."""
        while True:
            await self._watch.changed(1.0)
            if self._active():
                await self.look()

    async def look(self) -> None:
        """Look what could be done about each finding that is new or says something else than before."""
        found = {(one.id, one.object): one for one in self._watch.urgent if fix.fixable(one)}
        for key in self._looked.keys() - found.keys():
            del self._looked[key]
            self._offered.pop(key, None)
            self._said.pop(key, None)  # the record's "finding.healed" says it
        for key, one in found.items():
            seen = (one.title, *(part.text for part in one.evidence[:1]), *one.explains)
            if self._looked.get(key) != seen:
                self._looked[key] = seen
                await self._offer(key, one)

    async def _offer(self, key: _Key, found: Finding) -> None:
        snapshot = await self._snapshot(fix.reads(found))
        offered = [await self._allowed(one) for one in fix.offers(found, snapshot)]
        self._offered[key] = tuple(offered)
        data = [one.to_data() for one in offered]
        if data != self._said.get(key, []):
            self._said[key] = data
            self._say("fix.offered", finding=found.id, object=found.object, fixes=data)

    async def _snapshot(self, kinds: Iterable[str]) -> Snapshot:
        around: dict[str, Object] = {}
        seen = set()
        for kind in sorted(kinds):
            where = "" if kind == "StorageClass" else self._target.namespace
            with contextlib.suppress(ClusterError):
                fields = _NOT_RECORDS if kind == "Secret" else ""
                listed = await self._cluster.list(kind, where, fields=fields)
                around |= {str(one["metadata"]["uid"]): {**one, "kind": kind} for one in listed}
                seen.add(kind)
        members = {str(one["metadata"]["uid"]): one for one in self._watch.members()}
        return Snapshot(
            members, self._watch.object_events(), self._clock.now(), around=around, seen=frozenset(seen),
            namespace=self._target.namespace, release=self._target.release, context=self._target.context,
        )  # fmt: skip

    async def _allowed(self, one: Fix) -> Fix:
        """The fix, or the same with the right that is missing."""
        for verb, kind in one.rights:
            with contextlib.suppress(ClusterError):
                if not await self._cluster.may(verb, kind, self._target.namespace):
                    return replace(one, refused=f"You may not {verb} {kind} in {self._target.namespace}: ask for it.")
        return one

    # Carrying out

    def apply(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Begin a fix that was offered; the record says how it went. Returns whether it began, and a sentence."""
        key = (str(asked.get("finding")), str(asked.get("object")))
        one = next((one for one in self._offered.get(key, ()) if one.id == asked.get("fix")), None)
        if one is None or not self._active():
            return {"ok": False, "text": "That is not offered any more; nothing was changed."}
        if self._work and not self._work.done():
            return {"ok": False, "text": "A fix is being made already; wait for it."}
        secret = {need.id for need in one.needs if need.kind == "secret"}
        given: Mapping[str, Any] = asked.get("answers") or {}
        answers: Answers = {name: Secret(str(text)) if name in secret else str(text) for name, text in given.items()}
        if wrong := one.problem(answers):
            return {"ok": False, "text": f"{wrong} Nothing was changed."}
        self._record.know(value for value in answers.values() if isinstance(value, Secret))
        steps = one.steps(answers)
        self._record.know(value for step in steps for value in step.secrets.values())
        self._say("decision", what="fix", who=str(asked.get("who") or "somebody here"), text=_decided(one, answers))
        self._work = asyncio.create_task(self._carry_out(key, one, steps))
        return {"ok": True, "text": f"{one.title}: it is being done."}

    async def _carry_out(self, key: _Key, one: Fix, steps: tuple[Step, ...]) -> None:
        text, ok = f"{one.title}: done; helm goes on waiting", True
        try:
            for step in steps:
                await self._step(step)
        except TimeoutError:
            text, ok = f"{one.title}: it takes too long; look at it again in a moment", False
        except (ClusterError, _StepError) as error:
            text, ok = f"{one.title}: {error}", False
        except Exception as error:  # noqa: BLE001 - a person waits for the end of it, and helm must not suffer
            text, ok = f"{one.title}: the wizard itself failed: {type(error).__name__}; look at the object", False
        self._looked.pop(key, None)
        self._say("fix.applied", finding=one.finding, object=one.object, fix=one.id, ok=ok, text=text)

    async def _step(self, step: Step) -> None:
        kind, name = str(step.manifest["kind"]), str(step.manifest["metadata"]["name"])
        if step.do == "create":
            await self._create(step)
            action = "created"
        elif step.do == "recreate":
            await self._anew(step)
            action = "made anew"
        else:
            await self._patch(step)
            action = "changed"
        self._say("object.made", kind=kind, name=name, action=action, keys=sorted(step.secrets))

    async def _create(self, step: Step) -> None:
        manifest = {**step.manifest, "stringData": {key: one.reveal() for key, one in step.secrets.items()}}
        try:
            await self._cluster.create(manifest, self._target.namespace)
        except ClusterError as error:
            if error.kind == "conflict":
                raise _StepError(f"{step.label} is there by now; it was kept as it is") from None
            # The error may repeat what was sent; its traceback must not.
            raise ClusterError(error.kind, f"{step.label}: {error.message}", error.status) from None

    async def _patch(self, step: Step) -> None:
        live = await self._live(step)
        taken = sorted(set(live.get("data") or ()) & set(step.secrets))
        if taken:
            raise _StepError(f"{step.label} has {', '.join(taken)} by now; it was kept as it is")
        # The version that was looked at: whoever writes in between wins, and this is refused.
        body: dict[str, Any] = dict(step.body)
        if step.secrets:
            body["metadata"] = {"resourceVersion": live["metadata"]["resourceVersion"]}
            body["stringData"] = {key: one.reveal() for key, one in step.secrets.items()}
        try:
            await self._cluster.patch(step.manifest, body, self._target.namespace)
        except ClusterError as error:
            raise ClusterError(error.kind, f"{step.label}: {error.message}", error.status) from None
        if step.until:
            await self._settled(step, *step.until)

    async def _settled(self, step: Step, path: tuple[str, ...], wanted: Mapping[str, str]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GONE_SECONDS):
                while True:
                    node: Any = await self._live(step)
                    for name in path:
                        node = (node or {}).get(name)
                    if wanted.items() <= (node or {}).items():
                        return
                    await asyncio.sleep(_LOOK_SECONDS)

    async def _live(self, step: Step) -> Object:
        kind, name = str(step.manifest["kind"]), str(step.manifest["metadata"]["name"])
        live = await self._cluster.get(kind, name, self._target.namespace)
        if step.uid and live["metadata"].get("uid") != step.uid:
            raise _StepError(f"{step.label} is another one by now; it was kept as it is")
        return live

    async def _anew(self, step: Step) -> None:
        live = await self._live(step)
        wanted = step.manifest["spec"]["storageClassName"]
        for attempt in range(_TRIES):
            await self._remove(step, live, f"before-{live['metadata']['name']}{f'-{attempt + 1}' if attempt else ''}")
            try:
                await self._cluster.create(step.manifest, self._target.namespace)
            except ClusterError as error:
                if error.kind != "conflict":
                    raise
                # The workload's controller made it first, from its own template.
                live = await self._cluster.get(
                    "PersistentVolumeClaim", str(live["metadata"]["name"]), self._target.namespace
                )
                if live["spec"].get("storageClassName") == wanted:
                    return
            else:
                return
        raise _StepError(f"{step.label} is made again with its old class each time; change the workload itself")

    async def _remove(self, step: Step, live: Object, kept: str) -> None:
        """Keep the claim on the disk under that name, then delete exactly this one, as it was looked at."""
        if not unbound(live):
            raise _StepError(f"{step.label} has or had a volume: it is not deleted")
        meta = live["metadata"]
        about = [vars(one) for one in self._watch.object_events() if one.uid == meta.get("uid")]
        if not self._record.keep(kept, {"object": live, "events": about}):
            raise _StepError(f"what {step.label} is now could not be kept on the disk: it is not deleted")
        kind, name, space = "PersistentVolumeClaim", str(meta["name"]), self._target.namespace
        await self._cluster.delete(kind, name, space, uid=str(meta["uid"]), version=str(meta["resourceVersion"]))
        async with asyncio.timeout(_GONE_SECONDS):
            while True:
                try:
                    there = await self._cluster.get(kind, name, space)
                except ClusterError as error:
                    if error.kind == "not-found":
                        return
                    raise
                if there["metadata"].get("uid") != meta["uid"]:
                    return
                await asyncio.sleep(_LOOK_SECONDS)

    def _say(self, kind: str, /, **data: Any) -> None:
        self._record.emit([Event(kind, data)])


class _StepError(Exception):
    """A step that was not taken, in a sentence."""


def _decided(one: Fix, answers: Answers) -> str:
    told = [f"{need.id} {answers[need.id]}" for need in one.needs if need.kind != "secret"]
    return f"{one.title}{' (' + ', '.join(told) + ')' if told else ''}"
