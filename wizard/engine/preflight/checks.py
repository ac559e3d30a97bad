"""Checks before a change: facts are collected in parallel, and each check runs as soon as its facts are known."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from wizard.core.answers import questions, secrets
from wizard.core.answers.draft import Draft
from wizard.core.answers.resolve import Resolved
from wizard.core.errors import Problem
from wizard.core.helm import values
from wizard.core.rules.check import Absent, Check, CheckResult, all_checks, ready_to_run
from wizard.core.rules.facts import SecretFile, SecretUse, Values
from wizard.core.target import Target
from wizard.core.tls.files import KEY_QUESTION
from wizard.engine.preflight import collectors
from wizard.engine.preflight.kept import Kept
from wizard.engine.preflight.world import World
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents
from wizard.ports.helm import Helm

if TYPE_CHECKING:
    from wizard.engine.answers import Answers, Prepared
    from wizard.engine.ports import Ports
    from wizard.engine.secret_files import TlsFiles
    from wizard.engine.state import SessionState

_AT_FIRST: Final = 12
"""Connections for what is asked of the API server before anything is rendered."""
_LATE: Final = frozenset({"dry_run", "probe"})
"""Facts that need the namespace; their checks run again once it exists."""
_TRIED: Final = dict.fromkeys(_LATE, Absent("is tried in the review"))
_OF_SECRET: Final = re.compile(r"secret\.\w+\.file|tls\.key")
_ASKED_OF_ALL: Final = frozenset(question.id for question in questions.foreign.QUESTIONS)
_AT_WORK: Final = ("running", "hung", "orphaned")


async def run(
    state: SessionState, answers: Answers, draft: Draft, only: Collection[str] = (), *, probe: bool = False
) -> AsyncIterator[CheckResult]:
    """Every check of the draft, or those alone, as it is decided, without those that only ours can pass; never raises.

    `probe`: the person asked for the pod that tries the external database.
    """
    state.kubeconfig()  # its current context is the one that no answer names
    connecting = state.cluster(_target_without_chart(state, draft)).connect(_AT_FIRST)
    opening = asyncio.gather(connecting, state.ports.helm.info(), return_exceptions=True)
    try:
        await asyncio.sleep(0)  # so that connections open and helm tells its version while the chart is read
        world, foreign = replace(world_of(state, answers, draft), probes=probe), answers.is_foreign(draft)
        checks = tuple(
            check for check in all_checks() if not (foreign and check.ours) and (not only or check.id in only)
        )
        async for result in _evaluate(world, checks):
            # A foreign chart has no such field that could be opened.
            question = "" if foreign and result.question not in _ASKED_OF_ALL else result.question
            mark = (await asyncio.shield(world.values())).mark if world.values else ""
            yield replace(result, question=question, made_for=mark)
    finally:
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)


async def while_asking(state: SessionState, answers: Answers, draft: Draft, kept: Kept) -> AsyncIterator[CheckResult]:
    """What the checks that are about questions say of the draft, as they are decided; nothing is tried on the server. Never raises."""
    asked = _ASKED_OF_ALL if answers.is_foreign(draft) else None
    checks = tuple(
        check for check in all_checks() if check.about and (asked is None or asked.intersection(check.about))
    )
    async for result in _evaluate(replace(world_of(state, answers, draft), typing=True), checks, _TRIED, kept):
        yield result


async def late(
    cluster: Cluster, documents: Documents, helm: Helm, target: Target, chart: str, values_path: str
) -> list[CheckResult]:
    """The results of the checks that need the namespace, once it exists; never raises."""
    world = World(cluster, documents, helm, target, chart, values_path)
    checks = tuple(check for check in all_checks() if _LATE.intersection(check.needs))
    return [result async for result in _evaluate(world, checks)]


async def _evaluate(
    world: World,
    checks: tuple[Check, ...],
    given: Mapping[str, Any] = collectors.NOTHING_GIVEN,
    kept: Kept | None = None,
) -> AsyncIterator[CheckResult]:
    facts: dict[str, Any] = {}
    done: set[str] = set()
    needed = frozenset(name for check in checks for name in check.needs)
    async for name, fact in collectors.facts(world, needed, given, kept):
        facts[name] = fact
        for result in ready_to_run(checks, facts, done):
            yield result


def world_of(state: SessionState, answers: Answers, draft: Draft) -> World:
    """The draft as collectors see it; a chart or values file that cannot be read is a fact like any other."""
    config, ports = state.kubeconfig(), state.ports
    try:
        prepared = answers.prepare(draft)
    except Problem as problem:
        target = _target_without_chart(state, draft)
        return World(
            state.cluster(target),
            ports.documents,
            ports.helm,
            target,
            problem,
            kubeconfig=config,
            runs=_at_work(ports),
        )
    resolved, target = prepared.resolved, prepared.target
    questions, extra = _secret_questions(resolved)
    return World(
        state.cluster(target), ports.documents, ports.helm, target, prepared.chart,
        values=cache(lambda: asyncio.ensure_future(asyncio.to_thread(_values, prepared))), kubeconfig=config, made_by_run=frozenset(secret.name for secret in secrets.plan(resolved)),
        database_secrets=_database_secrets(resolved), secret_questions=questions, extra_secrets=extra, value_questions=_value_questions(resolved),
        certificates=ports.certificates, tls_files=_tls_files(resolved, ports), secret_files=lambda: _secret_files(resolved, ports),
        runs=_at_work(ports), machine=ports.runs.machine(), ended=tuple(run for run in ports.runs.runs() if run.target == target),
        logout=ports.runs.ended_by_logout(), preset=resolved.preset, network=ports.network,
        chart_files=lambda: ports.charts.in_record(prepared.chart), registries=ports.registries, force_conflicts=draft.helm.force_conflicts,
    )  # fmt: skip


def _values(prepared: Prepared) -> Values:
    try:
        return Values(prepared.text, prepared.mark)
    except Problem as problem:
        return Values(problem=problem)


def _target_without_chart(state: SessionState, draft: Draft) -> Target:
    options, suggestions, given = state.options, state.suggestions, draft.answers
    return Target(
        given.get("context") or suggestions.current_context,
        given.get("namespace") or options.namespace or "default",
        given.get("release") or options.release or "llm-cost-ops",
        draft.kubeconfig or options.kubeconfig,
    )


def _at_work(ports: Ports) -> Mapping[Target, str]:
    return {summary.target: summary.id for summary in ports.runs.runs() if summary.state in _AT_WORK}


def _secret_questions(resolved: Resolved) -> tuple[dict[str, str], tuple[SecretUse, ...]]:
    """Secret name -> the question that named it, and the Secrets that no pod mentions."""
    asked = {question.id for question in resolved.visible()}
    named = {question: resolved[question] for question in ("image.pullSecret", "tls.secret") if question in asked}
    for name in secrets.PARTS:
        if (question := f"secret.{name}.name") in asked:
            named[question] = resolved[question]
    extra: tuple[SecretUse, ...] = ()
    if "tls.secret" in asked:
        extra = (SecretUse(resolved["tls.secret"], ("tls.crt", "tls.key"), "the Ingress", "tls.secret"),)
    return {secret: question for question, secret in named.items() if secret}, extra


def _tls_files(resolved: Resolved, ports: Ports) -> Callable[[], TlsFiles] | None:
    if resolved.layers.foreign or resolved["tls"] != "files":
        return None
    from wizard.engine.secret_files import SecretFiles

    return lambda: SecretFiles(ports.files, ports.certificates).tls(resolved["tls.cert"], resolved["tls.key"])


def _secret_files(resolved: Resolved, ports: Ports) -> tuple[SecretFile, ...]:
    """Every file of a secret that is named, as `SecretFiles` judges it; of a key who can read it, I07 judges the rest."""
    from wizard.engine.secret_files import SecretFiles

    files, found = SecretFiles(ports.files, ports.certificates), []
    for question in resolved.visible():
        path = str(resolved[question.id]) if _OF_SECRET.fullmatch(question.id) else ""
        if not path:
            continue
        try:
            note = files.note(resolved, question.id, ports.clock.now()) if question.id != KEY_QUESTION else ""
        except Problem as problem:
            found.append(SecretFile(path, question.id, problem))
        else:
            found.append(SecretFile(path, question.id, None, note, tuple(ports.files.exposed(path))))
    return tuple(found)


def _database_secrets(resolved: Resolved) -> dict[str, Literal["generate", "file"]]:
    if resolved.layers.foreign or resolved["database"] != "bundled":
        return {}
    name = secrets.created_name("postgres", resolved["release"])
    match resolved["secret.postgres"]:
        case "generate":
            return {name: "generate"}
        case "file":
            return {name: "file"}
    return {}


def _value_questions(resolved: Resolved) -> dict[str, str]:
    questions: dict[str, str] = {}
    for question in resolved.visible():
        try:
            edits = question.value_edits(resolved, resolved[question.id])
        except (Problem, ValueError):
            continue  # an answer that is no value yet is reported by its own check
        questions.update({values.dotted(edit.path): question.id for edit in edits})
    return questions
