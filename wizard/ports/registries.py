"""What the engine asks of image registries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wizard.core.registry.answer import Answer, Login
    from wizard.core.registry.reference import Reference


class Registries(Protocol):
    """Registries by their own protocol (OCI distribution): nothing is written, no layer is read."""

    async def image(self, reference: Reference, logins: Sequence[Login], seconds: float) -> Answer:
        """What its registry says of an image, within so many seconds; never raises.

        `logins` are those for this image, tried in their order as a kubelet does; without one it is asked as anybody may.
        They are sent to the registry, to the token service of its own domain, and nowhere else.
        """
        ...
