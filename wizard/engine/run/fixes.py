"""Fix and continue: what a person may do about a finding while helm still waits, offered in the record and carried out.

No fix starts by itself: a person asks for it over the run's private socket; the decision is in the record before the
first change, and what is replaced is on the disk before it is deleted.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from wizard.core.kube.errors import ClusterError
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
from wizard.ports.cluster import Cluster
from wizard.ports.run import Recorder

_GONE_SECONDS: Final = 20.0
"""Seconds that the deletion of a claim may take; its protection ends as soon as no pod on a node uses it."""
_POLL_SECONDS: Final = 0.05
_TRIES: Final = 5
"""Attempts to create a claim: its workload's controller may be quicker and create it with the old class."""
_NOT_RECORDS: Final = "type!=helm.sh/release.v1"

_Key = tuple[str, str]


class RunFixes:
    """The fixes of one run. `active` says whether helm still waits for what they would fix."""

    def __init__(
        self, cluster: Cluster, target: Target, watch: ReleaseWatch, record: Recorder, clock: Clock,
        active: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._cluster, self._target, self._watch = cluster, target, watch
        self._record, self._clock, self._active = record, clock, active
        self._examined: dict[_Key, tuple[str, ...]] = {}
        self._offered: dict[_Key, tuple[Fix, ...]] = {}
        self._recorded: dict[_Key, list[dict[str, Any]]] = {}
        self._work: asyncio.Task[None] | None = None

    def resume_after(self, view: RunView) -> None:
        """Continue a record: what it already offers is not offered again."""
        self._recorded = {key: [dict(data) for data in offered] for key, offered in view.fixes.items()}

    async def run(self) -> None:
        """Offer until cancelled."""
        while True:
            await self._watch.changed(1.0)
            if self._active():
                await self.offer()

    async def offer(self) -> None:
        """Offer fixes for each finding that is new or has changed."""
        findings = {(finding.id, finding.object): finding for finding in self._watch.urgent if fix.fixable(finding)}
        for key in self._examined.keys() - findings.keys():
            del self._examined[key]
            self._offered.pop(key, None)
            self._recorded.pop(key, None)  # the record has "finding.healed" for that
        for key, finding in findings.items():
            seen = (finding.title, *(line.text for line in finding.evidence[:1]), *finding.explains)
            if self._examined.get(key) != seen:
                self._examined[key] = seen
                await self._offer_for(key, finding)

    async def _offer_for(self, key: _Key, finding: Finding) -> None:
        snapshot = await self._snapshot(fix.reads(finding))
        offered = [await self._allowed(offer) for offer in fix.offers(finding, snapshot)]
        self._offered[key] = tuple(offered)
        data = [offer.to_data() for offer in offered]
        if data != self._recorded.get(key, []):
            self._recorded[key] = data
            self._say("fix.offered", finding=finding.id, object=finding.object, fixes=data)

    async def _snapshot(self, kinds: Iterable[str]) -> Snapshot:
        around: dict[str, Object] = {}
        seen = set()
        for kind in sorted(kinds):
            namespace = "" if kind == "StorageClass" else self._target.namespace
            with contextlib.suppress(ClusterError):
                fields = _NOT_RECORDS if kind == "Secret" else ""
                listed = await self._cluster.list(kind, namespace, fields=fields)
                around |= {str(obj["metadata"]["uid"]): {**obj, "kind": kind} for obj in listed}
                seen.add(kind)
        members = {str(obj["metadata"]["uid"]): obj for obj in self._watch.members()}
        return Snapshot(
            members, self._watch.object_events(), self._clock.now(), around=around, seen=frozenset(seen),
            namespace=self._target.namespace, release=self._target.release, context=self._target.context,
        )  # fmt: skip

    async def _allowed(self, offer: Fix) -> Fix:
        """The fix, or the fix with the missing right as its refusal."""
        for verb, kind in offer.rights:
            with contextlib.suppress(ClusterError):
                if not await self._cluster.may(verb, kind, self._target.namespace):
                    return replace(offer, refused=f"You may not {verb} {kind} in {self._target.namespace}: ask for it.")
        return offer

    # Application

    def apply(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Begin a fix that was offered; the record tells the result. Returns {"ok": whether it began, "text": a sentence}."""
        key = (str(request.get("finding")), str(request.get("object")))
        chosen = next((offer for offer in self._offered.get(key, ()) if offer.id == request.get("fix")), None)
        if chosen is None or not self._active():
            return {"ok": False, "text": "That is not offered any more; nothing was changed."}
        if self._work and not self._work.done():
            return {"ok": False, "text": "A fix is being made already; wait for it."}
        secret = {need.id for need in chosen.needs if need.kind == "secret"}
        given: Mapping[str, Any] = request.get("answers") or {}
        answers: Answers = {name: Secret(str(text)) if name in secret else str(text) for name, text in given.items()}
        if wrong := chosen.problem(answers):
            return {"ok": False, "text": f"{wrong} Nothing was changed."}
        self._record.know(value for value in answers.values() if isinstance(value, Secret))
        steps = chosen.steps(answers)
        self._record.know(value for step in steps for value in step.secrets.values())
        self._say(
            "decision", what="fix", who=str(request.get("who") or "somebody here"), text=_decided(chosen, answers)
        )
        self._work = asyncio.create_task(self._carry_out(key, chosen, steps))
        return {"ok": True, "text": f"{chosen.title}: it is being done."}

    async def _carry_out(self, key: _Key, chosen: Fix, steps: tuple[Step, ...]) -> None:
        text, ok = f"{chosen.title}: done; helm goes on waiting", True
        try:
            for step in steps:
                await self._step(step)
        except TimeoutError:
            text, ok = f"{chosen.title}: it takes too long; look at it again in a moment", False
        except (ClusterError, _StepError) as error:
            text, ok = f"{chosen.title}: {error}", False
        except Exception as error:  # noqa: BLE001 - a person waits for the result, and helm must not be affected
            text, ok = f"{chosen.title}: the wizard itself failed: {type(error).__name__}; look at the object", False
        self._examined.pop(key, None)
        self._say("fix.applied", finding=chosen.finding, object=chosen.object, fix=chosen.id, ok=ok, text=text)

    async def _step(self, step: Step) -> None:
        kind, name = str(step.manifest["kind"]), str(step.manifest["metadata"]["name"])
        if step.do == "create":
            await self._create(step)
            action = "created"
        elif step.do == "recreate":
            await self._recreate(step)
            action = "made anew"
        else:
            await self._patch(step)
            action = "changed"
        self._say("object.made", kind=kind, name=name, action=action, keys=sorted(step.secrets))

    async def _create(self, step: Step) -> None:
        manifest = {**step.manifest, "stringData": {key: secret.reveal() for key, secret in step.secrets.items()}}
        try:
            await self._cluster.create(manifest, self._target.namespace)
        except ClusterError as error:
            if error.kind == "conflict":
                raise _StepError(f"{step.label} exists by now; it was left as it is") from None
            # The error may repeat what was sent; its traceback must not.
            raise ClusterError(error.kind, f"{step.label}: {error.message}", error.status) from None

    async def _patch(self, step: Step) -> None:
        live = await self._live(step)
        taken = sorted(set(live.get("data") or ()) & set(step.secrets))
        if taken:
            raise _StepError(f"{step.label} has {', '.join(taken)} by now; it was left as it is")
        # With the version that was read: a write in between wins, and this one is refused.
        body: dict[str, Any] = dict(step.body)
        if step.secrets:
            body["metadata"] = {"resourceVersion": live["metadata"]["resourceVersion"]}
            body["stringData"] = {key: secret.reveal() for key, secret in step.secrets.items()}
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
                    await asyncio.sleep(_POLL_SECONDS)

    async def _live(self, step: Step) -> Object:
        kind, name = str(step.manifest["kind"]), str(step.manifest["metadata"]["name"])
        live = await self._cluster.get(kind, name, self._target.namespace)
        if step.uid and live["metadata"].get("uid") != step.uid:
            raise _StepError(f"{step.label} was replaced by another one; it was left as it is")
        return live

    async def _recreate(self, step: Step) -> None:
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
        """Keep the claim on the disk under that name, then delete exactly this one, in the version that was read."""
        if not unbound(live):
            raise _StepError(f"{step.label} has or had a volume: it is not deleted")
        meta = live["metadata"]
        about = [vars(event) for event in self._watch.object_events() if event.uid == meta.get("uid")]
        if not self._record.keep(kept, {"object": live, "events": about}):
            raise _StepError(f"what {step.label} is now could not be kept on the disk: it is not deleted")
        kind, name, space = "PersistentVolumeClaim", str(meta["name"]), self._target.namespace
        await self._cluster.delete(kind, name, space, uid=str(meta["uid"]), version=str(meta["resourceVersion"]))
        async with asyncio.timeout(_GONE_SECONDS):
            while True:
                try:
                    current = await self._cluster.get(kind, name, space)
                except ClusterError as error:
                    if error.kind == "not-found":
                        return
                    raise
                if current["metadata"].get("uid") != meta["uid"]:
                    return
                await asyncio.sleep(_POLL_SECONDS)

    def _say(self, kind: str, /, **data: Any) -> None:
        self._record.emit([Event(kind, data)])


class _StepError(Exception):
    """Why a step was not taken, as a sentence."""


def _decided(chosen: Fix, answers: Answers) -> str:
    answered = [f"{need.id} {answers[need.id]}" for need in chosen.needs if need.kind != "secret"]
    return f"{chosen.title}{' (' + ', '.join(answered) + ')' if answered else ''}"
