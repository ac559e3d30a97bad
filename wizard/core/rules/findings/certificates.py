"""Certificates of an Ingress: those that cert-manager is to make, those of its Secrets, and those that a request met."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, name_of
from wizard.core.reach.result import WayIn
from wizard.core.rules import manifests
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings.pods import asked
from wizard.core.rules.findings.routing import classes
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


_SECRET_PATIENCE: Final = 60
_CERTIFICATE_ELSEWHERE: Final = (
    "certificate-arn", "router.tls.certresolver", "managed-certificates", "pre-shared-cert", "appgw-ssl-certificate",
)  # fmt: skip
"""Ends of annotations by which a controller takes its certificate from elsewhere: AWS, Traefik, GKE twice, Azure."""
_FINDS_BY_HOSTS: Final = "alb"
"""Class of the AWS Load Balancer Controller, which finds a certificate by the hosts (docs: guide/ingress/cert_discovery)."""
_KEYS: Final = ("tls.crt", "tls.key")


@finding("TR08")
def certificate_refused(snapshot: Snapshot) -> Iterator[Finding]:
    """The TLS Secret of an Ingress has no certificate, or a request met one that clients refuse.

    The first without those that an issuer fills; both without those that TR07 names.
    """
    missing = list(_missing(snapshot))
    yield from missing
    named = {one.object for one in (*missing, *certificate_not_issued(snapshot))}
    for way in snapshot.reach.ways if snapshot.reach else ():
        if way.state == "fail" and way.broken == "tls" and way.why in REFUSED and way.object not in named:
            yield _met(way, snapshot)


def _missing(snapshot: Snapshot) -> Iterator[Finding]:
    for ingress in snapshot.of_kind("Ingress"):
        notes = ingress["metadata"].get("annotations") or {}
        since = snapshot.since(ingress)
        by_hosts = classes(snapshot).name(ingress) == _FINDS_BY_HOSTS
        elsewhere = by_hosts or any(note.endswith(_CERTIFICATE_ELSEWHERE) for note in notes)
        if manifests.issuer(ingress) or elsewhere or snapshot.changing or not snapshot.older(since, _SECRET_PATIENCE):
            continue
        for entry in ingress.get("spec", {}).get("tls") or ():
            name = str(entry.get("secretName") or "")
            if why := _without_certificate(name, snapshot):
                hosts = ", ".join(map(str, entry.get("hosts") or ())) or "every host"
                yield Finding(
                    "TR08", f"its TLS Secret {name} {why}: HTTPS has no certificate for {hosts}", name_of(ingress),
                    (Evidence(name, name_of(ingress), "spec.tls.secretName", since), Evidence(why, f"Secret/{name}")),
                    ("Create it from the certificate and its key, or name a TLS Secret that is there.",),
                    heals="no", since=since, question=asked(ingress, "tls"),
                    commands=(snapshot.command("kubectl", "get", "secrets", "--field-selector", "type=kubernetes.io/tls"),),
                )  # fmt: skip


def _without_certificate(name: str, snapshot: Snapshot) -> str:
    """What a TLS Secret lacks; "" when it lacks nothing, and when it could not be read."""
    if f"Secret/{name}" in snapshot.absent:
        return "does not exist"
    secret = snapshot.named("Secret", name)
    missing = [key for key in _KEYS if key not in (secret.get("data") or {})] if secret else []
    return f"has no {' and no '.join(missing)}" if missing else ""


REFUSED: Final = ("untrusted", "expired", "not-yet", "other-name")
"""How a request fails for the certificate alone."""


def _met(way: WayIn, snapshot: Snapshot) -> Finding:
    """A certificate that is not trusted here may be trusted by those who call: it is not urgent."""
    kind, _, name = way.object.partition("/")
    ingress = snapshot.named(kind, name)
    return Finding(
        "TR08", f"clients refuse its certificate: {way.text}", way.object, (Evidence(way.facts, way.object),),
        (way.next_step,), heals="no", urgent=way.why != "untrusted", question=asked(ingress, "tls") if ingress else "",
        commands=(snapshot.command("kubectl", "get", kind.lower(), name, "-o", "jsonpath={.spec.tls}"),) if kind == "Ingress" else (),
        avoid=("Don't tell clients to skip the verification: they would take any certificate.",),
    )  # fmt: skip
