"""The contents of a kubeconfig."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.core.errors import Problem


@dataclass(frozen=True)
class Context:
    """One context: its cluster's server address, its user, its namespace ("" when it names none)."""

    name: str
    server: str
    user: str
    namespace: str
    unverified: bool = False
    """insecure-skip-tls-verify: somebody between may answer instead of the server."""
    login: bool = False
    """Whether a program logs in for each process that connects; it may ask the person."""
    problem: Problem | None = None
    """Why kubectl and helm refuse its cluster or user."""

    @property
    def exposed(self) -> str:
        """Why requests can be read or changed on their way, as a sentence without its full stop; "" when they cannot."""
        if self.server.startswith("http://"):
            return f"the connection to {self.server} is not encrypted: nobody logs in, and Secrets can be read on their way"
        if self.unverified:
            return (
                "the server's certificate is not verified (insecure-skip-tls-verify): "
                "whoever stands between reads logins and Secrets"
            )
        return ""


@dataclass(frozen=True)
class Kubeconfig:
    """The merged kubeconfig; `problem` says why it cannot be used, and then there may be no contexts."""

    files: tuple[str, ...]
    contexts: tuple[Context, ...]
    current: str
    problem: Problem | None = None
    open_to_others: tuple[str, ...] = ()
    """Those of the files that every user of this machine can read."""

    def context(self, name: str) -> Context | None:
        """The context of that name."""
        return next((context for context in self.contexts if context.name == name), None)

    def refusal(self, name: str = "") -> Problem | None:
        """Why the context of that name, or the current one, cannot be used; None when it can."""
        if context := self.context(name or self.current):
            return context.problem
        if self.problem and not (name and self.problem.question == "context"):
            return self.problem
        names = ", ".join(context.name for context in self.contexts)
        what = f'There is no context "{name}" in the kubeconfig.'
        return Problem(what, f"Choose one with --context: {names}.", question="context")
