"""What a registry says of an image: the values of ports/registries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from wizard.core.text.secrets import Secret

State = Literal["there", "missing", "refused", "private", "limited", "unreachable", "unknown", "invalid"]
_ALSO_RUNS: Final = {"amd64": ("amd64", "386"), "arm64": ("arm64", "arm")}
"""Architecture of a node -> those whose images its runtime takes too (containerd platforms.Only)."""


@dataclass(frozen=True)
class Login:
    """One login of a pull Secret: the registry as the Secret names it, and "user:password"."""

    registry: str
    pair: Secret


@dataclass(frozen=True)
class Platform:
    """What an image is built for; the names are Go's."""

    os: str
    architecture: str
    variant: str = ""

    def runs_on(self, os: str, architecture: str) -> bool:
        """Whether a node of that kind takes it. Variants are left to the runtime: nodes do not tell theirs."""
        return self.os == os and self.architecture in _ALSO_RUNS.get(architecture, (architecture,))

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


@dataclass(frozen=True)
class Answer:
    """What a registry says of one image.

    there: it has it. missing: it says itself that it has no such repository, tag or digest. refused: it does not take the
    login that was sent. private: it shows it to nobody without a login, and there was none; many say the same of what
    they do not have. limited: too many requests. unreachable: it did not answer at all, unknown: not in a way that tells;
    `text` has the reason. invalid: no runtime takes the name of the image.
    """

    state: State
    text: str = ""
    """The reason in words, safe to show; "" where the state says it all."""
    digest: str = ""
    """Of the manifest or index that the name stands for."""
    platforms: tuple[Platform, ...] = ()
    """None where it does not tell."""
    kind: str = ""
    """The media type of its configuration, where that is none of an image that can be run."""
    tags: tuple[str, ...] = ()
    """For missing: tags of the repository that are nearly the one that was asked for."""
    left: int | None = None
    """How many pulls the registry says are left; None where it does not."""
    login: bool = field(default=False, kw_only=True)
    """Whether a login was sent."""
