"""Step 3: how people reach the API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from wizard.core.answers import validate
from wizard.core.answers.questions.question import Choice, Question, known
from wizard.core.answers.resolve import Resolved
from wizard.core.helm.values import ValueEdit, path_of


def by_ingress(r: Resolved) -> bool:
    """Whether people reach the API through an Ingress."""
    return r["expose"] == "ingress"


def _expose_choices(r: Resolved) -> Sequence[Choice]:
    classes = r.suggestions.ingress_classes
    note = (
        "no ingress class on this cluster" if classes == () else "classes here: " + ", ".join(classes or ("not known",))
    )
    return (
        Choice("ingress", "Ingress", note),
        Choice("loadbalancer", "Load balancer", "the cluster's provider makes one, if it can"),
        Choice("portforward", "Port-forward only", "only you, from this machine"),
    )


def _expose_default(r: Resolved) -> str:
    if r.at("ingress.enabled", default=False):
        return "ingress"
    return "loadbalancer" if r.at("service.type") == "LoadBalancer" else "portforward"


def _expose_lines(_: Resolved, answer: str) -> Sequence[ValueEdit]:
    return (
        ValueEdit(path_of("ingress.enabled"), answer == "ingress", "address: " + answer),
        ValueEdit(path_of("service.type"), "LoadBalancer" if answer == "loadbalancer" else "ClusterIP"),
    )


def _first_host(r: Resolved) -> str:
    first = next(iter(r.at("ingress.hosts", [])), "")
    text = str(first.get("host", "")) if isinstance(first, dict) else str(first)
    return "" if text in PLACEHOLDER_HOSTS else text


PLACEHOLDER_HOSTS: Final = frozenset({"api.llm-cost-ops.com", "api.example.com", "staging-api.example.com"})
"""Hosts that the guide prints as examples; nobody may use them."""


def _first_path(r: Resolved) -> str:
    first = next(iter(r.at("ingress.hosts", [])), "")
    paths = (first.get("paths") or [{}]) if isinstance(first, dict) else [{}]
    return str(paths[0].get("path", "/"))


def _host_lines(question_id: str) -> Callable[[Resolved, str], Sequence[ValueEdit]]:
    def lines(r: Resolved, _: str) -> Sequence[ValueEdit]:
        if not r.given(question_id):
            return ()  # keep the hosts of the person's own file, all of them
        entry = {"host": r["host"], "paths": [{"path": r["path"] or "/", "pathType": "Prefix"}]}
        return (ValueEdit(path_of("ingress.hosts"), [entry], "the whole list: Helm replaces lists"),)

    return lines


def _class_lines(_: Resolved, answer: str) -> Sequence[ValueEdit]:
    return (ValueEdit(path_of("ingress.className"), answer),)


def _class_default(r: Resolved) -> str:
    wanted, classes = str(r.at("ingress.className")), r.suggestions.ingress_classes
    return classes[0] if classes and wanted not in classes and not r.owns(path_of("ingress.className")) else wanted


QUESTIONS: Final = (
    Question(
        "expose", "address", "Way in", "An Ingress needs a controller and a name; a load balancer needs a provider.",
        kind="choice", choices=_expose_choices, default=_expose_default, value_edits=_expose_lines,
    ),
    Question(
        "host", "address", "Host", "The name people will use. It need not resolve yet.", visible=by_ingress,
        default=_first_host, validate=lambda _, a: validate.host(a), value_edits=_host_lines("host"),
    ),
    Question(
        "path", "address", "Path", "Everything below this path goes to the API.", visible=by_ingress, default=_first_path,
        validate=lambda _, a: validate.url_path(a, "The path"),
        value_edits=_host_lines("path"),
    ),
    Question(
        "ingress.class", "address", "Ingress class", "Which controller serves it.", kind="choice", open=True,
        visible=by_ingress, choices=lambda r: known(r.suggestions.ingress_classes), default=_class_default,
        validate=lambda _, a: validate.subdomain(a, "The ingress class"), value_edits=_class_lines,
    ),
)  # fmt: skip
