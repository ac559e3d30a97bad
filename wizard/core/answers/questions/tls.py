"""Step 4: who provides the certificate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from wizard.core.answers import validate
from wizard.core.answers.questions.address import by_ingress
from wizard.core.answers.questions.question import Choice, Question, known
from wizard.core.answers.resolve import Resolved
from wizard.core.answers.secrets import created_name
from wizard.core.helm.values import DELETE, ValueEdit, get, path_of

_ISSUER_ANNOTATION: Final = "cert-manager.io/cluster-issuer"


def _tls_choices(r: Resolved) -> Sequence[Choice]:
    issuers = r.suggestions.issuers
    note = "no cert-manager here" if issuers == () else "issuers here: " + ", ".join(issuers or ("not known",))
    return (
        Choice("issuer", "cert-manager", note),
        Choice("secret", "Existing Secret", "a kubernetes.io/tls Secret in the namespace"),
        Choice("files", "Certificate files", "checked, then stored as a Secret by the wizard"),
        Choice("balancer", "At the load balancer", "TLS ends before the cluster"),
        Choice("none", "None", "plain HTTP; fine for a trial only"),
    )


def _base_issuer(r: Resolved) -> str:
    return str(get(r.at("ingress.annotations"), (_ISSUER_ANNOTATION,), ""))


def _base_tls_secret(r: Resolved) -> str:
    first: Any = next(iter(r.at("ingress.tls", [])), {})
    return str(first.get("secretName", "")) if isinstance(first, dict) else ""


def _tls_default(r: Resolved) -> str:
    if not _base_tls_secret(r):
        return "none"
    if not _base_issuer(r):
        return "secret"
    return "none" if r.suggestions.issuers == () and not r.owns(path_of("ingress.tls")) else "issuer"


def _tls_lines(r: Resolved, answer: str) -> Sequence[ValueEdit]:
    annotation = ("ingress", "annotations", _ISSUER_ANNOTATION)
    if answer == "issuer":
        lines = [ValueEdit(annotation, r["tls.issuer"], "cert-manager makes the certificate")]
    else:
        lines = [ValueEdit(annotation, DELETE)]
    if answer in ("balancer", "none"):
        redirect = ("ingress", "annotations", "nginx.ingress.kubernetes.io/ssl-redirect")
        return [*lines, ValueEdit(path_of("ingress.tls"), [], "TLS: " + answer), ValueEdit(redirect, "false")]
    own = created_name("tls", r["release"])
    name = {"secret": r["tls.secret"], "files": own}.get(answer) or _base_tls_secret(r) or own
    if name != _base_tls_secret(r) or r.given("host"):
        lines.append(ValueEdit(path_of("ingress.tls"), [{"secretName": name, "hosts": [r["host"]]}], "TLS: " + answer))
    return lines


QUESTIONS: Final = (
    Question(
        "tls", "tls", "Certificate", "Who provides the certificate for the host.", kind="choice", choices=_tls_choices,
        default=_tls_default, visible=by_ingress, value_edits=_tls_lines,
    ),
    Question(
        "tls.issuer", "tls", "Issuer", "The ClusterIssuer that cert-manager asks.", kind="choice", open=True,
        visible=lambda r: by_ingress(r) and r["tls"] == "issuer", choices=lambda r: known(r.suggestions.issuers),
        default=lambda r: (
            r.suggestions.issuers[0] if r.suggestions.issuers and _base_issuer(r) not in r.suggestions.issuers else _base_issuer(r)
        ),
        validate=lambda _, a: validate.subdomain(a, "The issuer"),
    ),
    Question(
        "tls.secret", "tls", "TLS Secret", "Name of the Secret that holds tls.crt and tls.key.", kind="choice", open=True,
        visible=lambda r: by_ingress(r) and r["tls"] == "secret", choices=lambda r: known(r.suggestions.tls_secrets),
        default=lambda r: _base_tls_secret(r) or created_name("tls", r["release"]),
        validate=lambda _, a: validate.subdomain(a, "The TLS Secret"),
    ),
    Question(
        "tls.cert", "tls", "Certificate file", "PEM or DER; in PEM the server's certificate first, then the chain.", kind="path",
        visible=lambda r: by_ingress(r) and r["tls"] == "files",
        validate=lambda _, a: "" if a else "The certificate file is not named.",
    ),
    Question(
        "tls.key", "tls", "Key file", "PEM or DER, not encrypted; never shown. It may be the same file.", kind="path",
        visible=lambda r: by_ingress(r) and r["tls"] == "files",
        validate=lambda _, a: "" if a else "The key file is not named.",
    ),
)  # fmt: skip
