"""Makes the hand-off of a draft: gathers its facts with the collectors of the checks, and writes it as YAML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from wizard.core.errors import Problem
from wizard.core.kube.errors import ClusterError
from wizard.core.rules import handoff, manifests
from wizard.core.rules.check import FactFailure
from wizard.core.rules.facts import Identity, Namespace, Rendered, SecretUse
from wizard.core.rules.handoff import Document, Wanted
from wizard.core.text import sanitize
from wizard.core.text.redaction import hide
from wizard.core.text.words import counted
from wizard.engine.preflight import checks, collectors
from wizard.engine.preflight.world import World
from wizard.engine.release import listing

if TYPE_CHECKING:
    from wizard.core.answers.draft import Draft
    from wizard.engine.answers import Answers
    from wizard.engine.state import SessionState
    from wizard.ports.documents import Documents

_FACTS: Final = frozenset({"identity", "namespace", "rendered", "secrets"})


async def text(state: SessionState, answers: Answers, draft: Draft, whom: str = "") -> str:
    """The file for a draft; `whom`: as of `handoff.subject`, the login itself without it.

    Raises:
        Problem: the answers render nothing, or the cluster does not answer.
    """
    prepared = answers.prepare(draft)
    named = handoff.subject(whom) if whom else None
    world = checks.world_of(state, answers, draft)
    facts = {name: fact async for name, fact in collectors.facts(world, _FACTS)}
    rendered: Rendered = _must(facts["rendered"], Rendered, "The objects are not known")
    subject = named or handoff.subject(_must(facts["identity"], Identity, "Who you are is not known").user)
    try:
        resources = await world.cluster.resources()
    except ClusterError as error:
        raise Problem(f"What the cluster serves is not known: {error.message}", "Try again.") from error
    chart = prepared.chart
    title = (
        f"Chart {chart.name} {chart.version}; {_answers(draft)}",
        f"Made by llm-cost-ops-wizard handoff on {state.ports.clock.now():%Y-%m-%d}.",
    )
    seen = isinstance(facts["secrets"], tuple)
    return written(
        handoff.documents(
            Wanted(
                prepared.target, subject, title, rendered.objects, resources,
                facts["namespace"] if isinstance(facts["namespace"], Namespace) else None,
                listing.record_kind(), bool(world.made_by_run), frozenset(world.database_secrets),
                tuple(one.use for one in facts["secrets"] if not one.there) if seen else _named(world, rendered), seen,
            )
        ),
        world.documents,
    )  # fmt: skip


def _must(fact: Any, kind: type[Any], what: str) -> Any:
    if isinstance(fact, kind):
        return fact
    if isinstance(fact, FactFailure):
        raise Problem(fact.what, fact.next_step, question=fact.question)
    raise Problem(f"{what}: {getattr(fact, 'reason', fact)}.", "The command check says more.")


def _named(world: World, rendered: Rendered) -> tuple[SecretUse, ...]:
    """The Secrets that are needed and that neither chart nor run makes."""
    own = {secret["metadata"]["name"] for secret in rendered.of("Secret")} | world.made_by_run
    used = manifests.secrets_used(rendered.objects)
    return (*(SecretUse(name, *use) for name, use in used.items() if name not in own), *world.extra_secrets)


def _answers(draft: Draft) -> str:
    """The answers that were given, and how many values were set beside them; not those values, which may be secret."""
    given = " ".join(f"{question}={answer}" for question, answer in sorted(draft.answers.items()))
    sets = f"; {counted(len(draft.sets), 'value')} by --set" if draft.sets else ""
    return f"answers: {hide(given) or 'none'}{sets}"


def written(parts: Iterable[Document], documents: Documents) -> str:
    """The text of the file; nothing in a comment can end it."""
    return "\n".join(_part(part, documents) for part in parts)


def _part(part: Document, documents: Documents) -> str:
    notes = {path: sanitize.line(why) for path, why in part.notes.items()}
    comment = "".join(f"# {sanitize.line(line)}".rstrip() + "\n" for line in part.comment)
    if not part.tree:
        return comment
    tree = "---\n" + documents.annotated(part.tree, notes)
    if part.is_optional:
        tree = "".join(f"# {line}\n" for line in tree.removesuffix("\n").split("\n"))
        return comment + tree
    return "---\n" + comment + documents.annotated(part.tree, notes)
