"""The files of secrets that a person names: read once, judged by the rule of their target, turned into what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from wizard.core.errors import Problem

if TYPE_CHECKING:
    from datetime import datetime

    from wizard.core.answers.resolve import Resolved
    from wizard.core.answers.secrets import SecretToMake
    from wizard.core.text.secrets import Secret
    from wizard.core.tls.chain import Chain
    from wizard.core.tls.files import Named, PemText
    from wizard.ports.certificates import CertificateReader
    from wizard.ports.store import FileStore


class TlsFiles(NamedTuple):
    """What two files make of a TLS Secret: its certificate and key as they are stored, and the chain."""

    certificate: PemText
    key: PemText
    chain: Chain


class SecretFiles:
    """Reads and judges the files of secrets; what cannot be used raises Problem, with the question that named it."""

    def __init__(self, files: FileStore, certificates: CertificateReader) -> None:
        self._files = files
        self._certificates = certificates

    def secret(self, name: str, path: str) -> tuple[Secret, str]:
        """The secret of that name (as in `secrets.PARTS`), and a note on how it differs from its file ("" if it does not)."""
        return self.value(name, path, f"file for {name}", f"secret.{name}.file")

    def value(self, name: str, path: str, what: str, question: str = "") -> tuple[Secret, str]:
        """As `secret`; `what` names the file in messages."""
        from wizard.core.answers import credentials

        try:
            value, note = self._files.read_secret(path, what)
        except Problem as problem:
            raise replace(problem, question=question) from None
        if wrong := credentials.problem(name, value.reveal()):
            step = "Name a file that holds the secret alone, or choose to generate one."
            raise Problem(f"The {what} {path} cannot be used: the secret {wrong}.", step, question=question)
        return value, note

    def tls(self, certificate: str, key: str) -> TlsFiles:
        """The certificate and key of two files, or of one that is named twice."""
        from wizard.core.tls import files

        text, private = self._certificate(certificate, key), self._read(key, "key file", files.KEY_QUESTION)
        key_text = files.key_pem(private)
        named = _pem(certificate, text)
        return TlsFiles(text, key_text, self._certificates.chain(named, _pem(key, key_text)))

    def note(self, resolved: Resolved, question: str, now: datetime) -> str:
        """What a person should know about the file that a question names; "" if nothing."""
        path = resolved[question]
        if question == "tls.cert":
            text = self._certificate(path, resolved["tls.key"])
            wrong = self._wrong(_pem(path, text), resolved["host"], now)
            return "; ".join(filter(None, (_form(text, "its certificates are"), *wrong)))
        if question == "tls.key":
            return _form(self.tls(resolved["tls.cert"], path).key, "its private key is")
        title = resolved.question(question).title.removesuffix(": file")
        return self.value(question.split(".")[1], path, f"file for {title}", question)[1]

    def planned(self, planned: Sequence[SecretToMake]) -> tuple[SecretToMake, ...]:
        """The Secrets to make, with the form in which each certificate and key leaves its file."""
        return tuple(self._formed(secret) if secret.is_tls else secret for secret in planned)

    def _wrong(self, certificate: Named, host: str, now: datetime) -> list[str]:
        from wizard.core.tls import chain

        return [remark.text for remark in chain.remarks(self._certificates.chain(certificate), (host,), now)]

    def _formed(self, secret: SecretToMake) -> SecretToMake:
        certificate, key = secret.sources
        found = self.tls(certificate.detail, key.detail)
        formed = (
            replace(source, form=text.form, label=text.label)
            for source, text in ((certificate, found.certificate), (key, found.key))
        )
        return replace(secret, sources=tuple(formed))

    def _certificate(self, path: str, key: str) -> PemText:
        from wizard.core.tls import files

        file = self._read(path, "certificate file", files.CERT_QUESTION)
        try:
            return files.certificate_pem(file)
        except Problem:
            if not key:
                raise
        return files.certificate_pem(file, self._read(key, "key file", files.KEY_QUESTION))

    def _read(self, path: str, what: str, question: str) -> Named:
        from wizard.core.tls.files import Named

        try:
            return Named(path, self._files.read_bytes(path, what))
        except Problem as problem:
            raise replace(problem, question=question) from None


def _pem(path: str, text: PemText) -> Named:
    from wizard.core.tls.files import Named

    return Named(path, text.text.encode())


def _form(text: PemText, part: str) -> str:
    """How what is stored differs from the file; "" if it does not."""
    return {"whole": "", "der": "it is stored as PEM", "blocks": f"only {part} stored"}[text.form]
