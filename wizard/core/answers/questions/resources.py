"""Step 5: how much it gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from wizard.core.answers import validate
from wizard.core.answers.questions.question import Choice, Question, base, known, sets, sets_or_removes, sets_text
from wizard.core.answers.resolve import Resolved
from wizard.core.helm.values import ValueEdit, path_of
from wizard.core.kube import quantity


def _auto(r: Resolved) -> bool:
    return r["scaling"] == "auto"


def _scaling_lines(_: Resolved, answer: str) -> Sequence[ValueEdit]:
    return (ValueEdit(path_of("autoscaling.enabled"), answer == "auto"),)


def _replica_lines(r: Resolved, answer: str) -> Sequence[ValueEdit]:
    return (ValueEdit(path_of("autoscaling.minReplicas" if _auto(r) else "replicaCount"), int(answer)),)


def _replicas_default(r: Resolved) -> str:
    return str(r.at("autoscaling.minReplicas", 1) if _auto(r) else r.at("replicaCount", 1))


def _max_problem(r: Resolved, answer: str) -> str:
    if problem := validate.count(answer, "Most replicas", 1, 500):
        return problem
    if r["replicas"].isdecimal() and int(answer) < int(r["replicas"]):
        return f"Most replicas ({answer}) is less than replicas ({r['replicas']})."
    return ""


def _class_note(r: Resolved) -> tuple[Choice, ...]:
    usual = r.suggestions.default_storage_class
    note = f"the cluster's default: {usual}" if usual else "the cluster's default, if it has one"
    return (Choice("", "default", note), *known(r.suggestions.storage_classes))


def _bundled_database(r: Resolved) -> bool:
    return r["database"] == "bundled"


def _bundled_cache(r: Resolved) -> bool:
    return r["cache"] == "bundled"


Check = Callable[[str, str], str]
"""(answer, title of the question) -> what is wrong with it."""


def _cpu(answer: str, title: str) -> str:
    return validate.cpu(answer, title)


def _memory(answer: str, title: str) -> str:
    return validate.size(answer, title, "512Mi or 2Gi")


def _request(question_id: str, title: str, check: Check) -> Question:
    path = f"resources.requests.{question_id}"
    return Question(
        question_id, "resources", title, "Reserved for each API pod.", optional=True, default=base(path),
        value_edits=sets_or_removes(path), validate=lambda _, a: check(a, title),
    )  # fmt: skip


def _limit(question_id: str, title: str, help_: str, check: Check) -> Question:
    def problem(r: Resolved, answer: str) -> str:
        if wrong := check(answer, title):
            return wrong
        limit, requested = quantity.parse(answer), quantity.parse(r[question_id])
        if limit is None or requested is None:
            return ""  # the request's own field reports its problem
        return f"{title} ({answer}) is less than what is requested ({r[question_id]})." if limit < requested else ""

    path = f"resources.limits.{question_id}"
    return Question(
        f"{question_id}.limit", "resources", title, f"{help_}; empty for no limit.", optional=True, default=base(path),
        value_edits=sets_or_removes(path), validate=problem,
    )  # fmt: skip


def _disk(
    question_id: str, title: str, help_: str, path: str, example: str, visible: Callable[[Resolved], bool]
) -> Question:
    return Question(
        question_id, "resources", title, help_, visible=visible, default=base(path), value_edits=sets(path),
        validate=lambda _, a: validate.size(a, title, example),
    )  # fmt: skip


QUESTIONS: Final = (
    Question(
        "scaling", "resources", "Scaling", "A fixed number of replicas, or as many as the load asks for.", kind="choice",
        choices=lambda _: (
            Choice("fixed", "Fixed", "always the same number"),
            Choice("auto", "Autoscaling", "needs the metrics API on the cluster"),
        ),
        default=lambda r: "auto" if r.at("autoscaling.enabled", default=False) else "fixed", value_edits=_scaling_lines,
    ),
    Question(
        "replicas", "resources", "Replicas", "Pods of the API; with autoscaling the smallest number.",
        default=_replicas_default, validate=lambda _, a: validate.count(a, "Replicas", 1, 500), value_edits=_replica_lines,
    ),
    Question(
        "replicas.max", "resources", "Most replicas", "Autoscaling stops here.", visible=_auto,
        default=base("autoscaling.maxReplicas"), validate=_max_problem, value_edits=sets("autoscaling.maxReplicas", int),
    ),
    _request("cpu", "CPU request", _cpu),
    _request("memory", "Memory request", _memory),
    _limit("cpu", "CPU limit", "An API pod is slowed down above this", _cpu),
    _limit("memory", "Memory limit", "An API pod is killed above this", _memory),
    _disk(
        "database.size", "Database disk", "Cannot be made smaller later.", "postgresql.primary.persistence.size", "10Gi",
        _bundled_database,
    ),
    Question(
        "database.class", "resources", "Database disk class", "Storage class of the database's disk; fixed once made.",
        kind="choice", open=True, visible=_bundled_database, choices=_class_note, optional=True,
        default=base("postgresql.primary.persistence.storageClass"),
        validate=lambda _, a: validate.subdomain(a, "The storage class"),
        value_edits=sets_text("postgresql.primary.persistence.storageClass"),
    ),
    _disk("cache.size", "Cache disk", "For Redis.", "redis.master.persistence.size", "5Gi", _bundled_cache),
)  # fmt: skip
