"""Drafts as private files, one for each target."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from wizard import paths
from wizard.adapters import atomic, bounded
from wizard.core import limits
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.target import DEFAULT_RELEASE, Target


class DraftFiles:
    """`drafts/<context>__<namespace>__<release>.json`, 0600."""

    def save(self, draft: Draft) -> None:
        """Write the draft atomically."""
        atomic.write(self._path(draft), json.dumps(draft.to_data(), indent=1))

    def load_all(self) -> Sequence[tuple[str, Draft]]:
        """Every draft with the time it was saved, newest first; an unreadable file is left out."""
        drafts = []
        try:
            files = [*paths.state_dir("drafts").glob("*.json")]
        except Problem:
            return ()  # without a state folder nothing was kept; saving reports why there is none
        for file in files:
            try:
                draft = Draft.from_data(limits.loads(bounded.read(file, limits.KEPT)))
                drafts.append((datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds"), draft))
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue  # a file of another version, or a truncated one: it offers nothing
        return sorted(drafts, key=lambda pair: pair[0], reverse=True)

    def forget(self, draft: Draft) -> None:
        """Remove the draft of the same target."""
        with contextlib.suppress(Problem):
            self._path(draft).unlink(missing_ok=True)

    def _path(self, draft: Draft) -> Path:
        answers = draft.answers
        target = Target(
            answers.get("context", ""), answers.get("namespace", ""), answers.get("release", DEFAULT_RELEASE)
        )
        return paths.state_dir("drafts") / f"{target.key}.json"
