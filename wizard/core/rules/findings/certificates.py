"""Certificates that cert-manager is to make for an Ingress."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules import manifests
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings.pods import asked
from wizard.core.rules.snapshot import Snapshot

_PATIENCE: Final = 120
"""Seconds in which a certificate is made on a healthy cluster, a challenge over HTTP included."""


@finding("TR07")
def certificate_not_issued(snapshot: Snapshot) -> Iterator[Finding]:
    """A certificate that an Ingress asks for is not there: it is refused, its issuer cannot sign, or nobody makes it."""
    for ingress in snapshot.of_kind("Ingress") if "Certificate" in snapshot.seen else ():
        annotation = manifests.issuer(ingress)
        for entry in (ingress.get("spec", {}).get("tls") or ()) if annotation else ():
            secret = str(entry.get("secretName") or "")
            wanted = Evidence(annotation, name_of(ingress), "metadata.annotations")
            made = (one for one in snapshot.beside("Certificate") if one.get("spec", {}).get("secretName") == secret)
            if certificate := next(made, None):
                yield from _unready(ingress, certificate, wanted, snapshot)
            elif snapshot.older(snapshot.since(ingress), _PATIENCE) and not snapshot.named("Secret", secret):
                known = f"Secret/{secret}" in snapshot.absent
                yield Finding(
                    "TR07", f"nobody makes its certificate {secret}: cert-manager is not there or does not run",
                    name_of(ingress),
                    (wanted, Evidence("none", f"Certificate/{secret}"), *([Evidence("none", f"Secret/{secret}")] if known else [])),
                    ("Have cert-manager installed or started, or name a TLS Secret of your own.",),
                    heals="no", since=snapshot.since(ingress), question=asked(ingress, "tls"),
                    commands=("kubectl get pods --all-namespaces -l app.kubernetes.io/instance=cert-manager",),
                    unseen=() if known else (f"whether Secret {secret} is there all the same: get secrets",),
                )  # fmt: skip


def _unready(ingress: Object, certificate: Object, wanted: Evidence, snapshot: Snapshot) -> Iterator[Finding]:
    ready = status.condition(certificate, "Ready")
    if ready.get("status") == "True":
        return
    request = _newest_request(certificate, snapshot)
    why, remedy, sure = _reason(request) if request else ("it is not asked for yet", "Read its events.", False)
    since = str(ready.get("lastTransitionTime") or status.created(certificate))
    if not sure and not snapshot.older(since, _PATIENCE):
        return
    proof = [wanted, _proof(certificate, "Ready"), *([_proof(request, _telling(request))] if request else [])]
    names = [name_of(obj) for obj in (certificate, request) if obj]
    yield Finding(
        "TR07", f"its certificate is not issued: {why}", name_of(ingress), tuple(proof), (remedy,),
        terminal=sure, heals="no" if sure else "unknown", since=since, question=asked(ingress, "tls"),
        commands=tuple(snapshot.command("kubectl", "describe", name) for name in names),
        avoid=("Don't delete the Certificate again and again: public issuers limit how often they are asked.",),
        unseen=() if "CertificateRequest" in snapshot.seen else ("its requests: list certificaterequests",),
    )  # fmt: skip


def _newest_request(certificate: Object, snapshot: Snapshot) -> Object | None:
    uid = certificate["metadata"].get("uid")
    mine = [one for one in snapshot.beside("CertificateRequest") if status.controller(one).get("uid") == uid]
    return max(mine, key=status.created, default=None)


def _telling(request: Object) -> str:
    """The type of the condition that says why a request is not fulfilled."""
    return "Denied" if status.condition(request, "Denied").get("status") == "True" else "Ready"


def _reason(request: Object) -> tuple[str, str, bool]:
    """Why a request is not fulfilled, the remedy, and whether waiting is pointless."""
    reference = request.get("spec", {}).get("issuerRef") or {}
    kind = str(reference.get("kind") or "Issuer")
    issuer = f"{kind} {reference.get('name')}"
    ready = status.condition(request, "Ready")
    message = str(ready.get("message") or "")
    if _telling(request) == "Denied":
        return "its request was denied", "Ask who approves requests, or change what is asked for.", True
    if ready.get("reason") == "Failed":
        return f"{issuer} refused it", "Put right what its message names; it is asked for again.", True
    if message.startswith("Referenced") and "not found" in message:
        return f"{issuer} is not there", "Name an issuer that is there, or have this one made.", True
    if "does not have a Ready status" in message:
        return f"{issuer} is not ready", f"See why: kubectl describe {kind.lower()}.", False
    return (
        f"{issuer} has not signed it",
        "Read its message; an ACME challenge wants DNS and port 80 from outside.",
        False,
    )


def _proof(obj: Object, condition: str) -> Evidence:
    said = status.condition(obj, condition)
    text = f"{said.get('reason') or 'no condition'}: {said.get('message') or ''}".rstrip(": ")
    return Evidence(text, name_of(obj), f"status.conditions[{condition}]", str(said.get("lastTransitionTime") or ""))
