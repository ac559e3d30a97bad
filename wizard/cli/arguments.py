"""What the command line said, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wizard.core.errors import Problem

if TYPE_CHECKING:
    from wizard.cli.output import Output
    from wizard.engine.state import Options

GUIDE_CHART: Final = "llm-cost-ops/llm-cost-ops"
"""The chart reference that the guide prints; nobody serves such a repository, so it means the built-in chart."""

_OF_REVISIONS: Final = ("history", "rollback", "uninstall", "recover")
"""Commands on a release that is there: a positional number is a revision, any other word the release."""


@dataclass(frozen=True)
class Arguments:
    """One command line. `output` is "" when it was not asked for, which lets a terminal choose the full screen."""

    command: str = ""
    words: tuple[str, ...] = ()
    """Positional arguments: RELEASE [CHART], or the ID of a run."""
    context: str = ""
    kubeconfig: str = ""
    namespace: str = ""
    release: str = ""
    chart: str = ""
    helm: str = ""
    preset: str = ""
    answer: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    sets: tuple[tuple[str, str], ...] = ()
    """--set, --set-string and --set-file with their arguments, in order."""
    secret_file: tuple[str, ...] = ()
    existing_secret: tuple[str, ...] = ()
    write: str = ""
    timeout: str = "10m"
    yes: bool = False
    confirm: str = ""
    strict: bool = False
    accept: tuple[str, ...] = ()
    dry_run: bool = False
    install: bool = False
    undo: bool = False
    """Roll back on failure."""
    wait_anyway: bool = False
    detailed_exitcode: bool = False
    revision: int = 0
    to: str = ""
    reason: str = ""
    undo_recover: bool = False
    """The way out of a stuck release."""
    keep_history: bool = False
    delete_namespace: bool = False
    leftovers: bool = False
    delete: tuple[str, ...] = ()
    """Of leftovers: KIND/NAME each."""
    manifests: str = ""
    show: tuple[str, ...] = ()
    """Of a revision: values, all or manifest."""
    follow: bool = False
    container: str = ""
    tail: int | None = None
    plain: bool = False
    no_color: bool = False
    debug: bool = False
    output: str = ""

    @property
    def mode(self) -> Output:
        """The form of standard output."""
        return "jsonl" if self.output == "jsonl" else "json" if self.output == "json" else "text"

    def options(self) -> Options:
        """What is fixed for the whole session.

        Raises:
            Problem: a release or chart is named twice, differently.
        """
        from wizard.engine.state import Options

        if self.command in _OF_REVISIONS:
            names: tuple[str, ...] = tuple(word for word in self.words if not word.isdigit())[:1]
            return Options(
                self.kubeconfig, self.context, self.namespace, _once("release", self.release, "".join(names))
            )
        names = self.words if self.command in ("install", "upgrade", "plan", "status", "logs", "diagnose") else ()
        release = _once("release", self.release, names[0] if names else "")
        chart = _once("chart", self.chart, names[1] if len(names) > 1 else "")
        if chart == GUIDE_CHART and not Path(chart).exists():
            chart = ""
        return Options(self.kubeconfig, self.context, self.namespace, release, chart)

    def revisions(self) -> tuple[int, ...]:
        """The revisions among the positional arguments, in order.

        Raises:
            Problem: a word after the release is no number, or there are too many.
        """
        words = list(self.words)
        if words and not words[0].isdigit():
            words.pop(0)
        for word in words:
            if not word.isdigit() or int(word) == 0:
                raise Problem(f'"{word}" is not a revision.', "Revisions are numbers from 1; history lists them.")
        most = 2 if self.command == "history" else 1
        if len(words) > most:
            raise Problem(f'"{words[most]}" is one word too many.', f"{self.command} takes {most} at most.")
        return tuple(map(int, words))

    def one_revision(self) -> int:
        """The revision of a roll-back: the positional one or that of --revision; 0 when neither is there.

        Raises:
            Problem: as of `revisions`, or two different ones are named.
        """
        given = next(iter(self.revisions()), 0)
        if given and self.revision and given != self.revision:
            raise Problem(f"The revision is named twice: {given} and {self.revision}.", "Name it once.")
        return given or self.revision

    def accepted(self) -> Mapping[str, str]:
        """Check ID -> reason of --accept.

        Raises:
            Problem: one is not ID=REASON.
        """
        return dict(pair("--accept", text, 'N06="the disk class comes later"') for text in self.accept)


def _once(what: str, flag: str, word: str) -> str:
    if flag and word and flag != word:
        raise Problem(f'The {what} is named twice: "{word}" and "{flag}".', f"Name the {what} once.")
    return flag or word


def pair(flag: str, text: str, example: str) -> tuple[str, str]:
    """The two halves of KEY=VALUE; raises Problem with the example when it is not that."""
    key, sign, value = text.partition("=")
    if not (key and sign and value):
        raise Problem(f'{flag} "{text}" is not of the form {flag} {example}.', "Write it like that.")
    return key, value
