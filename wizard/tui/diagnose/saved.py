"""The diagnosis of a bundle: as it was then, without a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from typing_extensions import override

from wizard.core.text.time import parse_time
from wizard.tui.actions import Action, Key, bindings
from wizard.tui.diagnose import view as diagnose_view
from wizard.tui.diagnose.screen import Causes, DiagnosisView
from wizard.tui.widgets.frame import Heading

if TYPE_CHECKING:
    from wizard.core.rules.diagnosis import Diagnosis


class SavedScreen(DiagnosisView):
    """Shows what somebody saw elsewhere; nothing of it can be acted on from here."""

    ACTIONS: ClassVar[Sequence[Action]] = DiagnosisView.READING
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, seen: Diagnosis) -> None:
        super().__init__()
        self.seen = seen
        self._facts = f"as saved at {seen.at}   {diagnose_view.facts(seen)}"
        self._what = f"bundle of {seen.target.release} -> {seen.target.context} / {seen.target.namespace}"

    @override
    def seen_at(self) -> datetime:
        return (parse_time(self.seen.at) if self.seen else None) or self.now()

    @override
    def heading(self) -> Heading:
        return Heading(self._what, "read", "no cluster is contacted", self._facts)

    @override
    def keys(self) -> Sequence[Key]:
        shown = (self.key("evidence"),) if self._finding() else ()
        return (
            *shown,
            self.key("timeline"),
            self.key("message", "hand over"),
            self.key("explain", ""),
            self.key("leave"),
        )

    def on_mount(self) -> None:
        """The causes take the keys."""
        self.query_one(Causes).focus()

    @override
    def explanation(self) -> tuple[str, str]:
        return "A bundle", (
            "What `bundle` saved of a release, diagnosed again by this version; ages are those of that moment. Values of Secrets, "
            "variables and arguments are not in it. Nothing is contacted, and nothing can be changed from here."
        )
