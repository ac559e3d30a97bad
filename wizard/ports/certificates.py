"""What the engine asks of certificates and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wizard.core.tls.chain import Chain
    from wizard.core.tls.files import Named


class CertificateReader(Protocol):
    """Certificates and keys in PEM, as a TLS Secret holds them."""

    def chain(self, certificate: Named, key: Named | None = None) -> Chain:
        """The chain of a text with certificates, whose first one is that of the key.

        Raises:
            Problem: there is none, it cannot be read, or the key is not the first certificate's; names the question.
        """
        ...
