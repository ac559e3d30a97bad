"""When undoing a recover is offered: what this machine knows without asking the cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.adapters.files import PersonFiles
from wizard.core.target import Target
from wizard.engine.release import undo_recover
from wizard.engine.release.recover import backup_name

TARGET = Target("here", "ns", "rel")


@pytest.mark.parametrize(
    ("revision", "status", "offered"),
    [
        (3, "failed", True),
        (3, "pending-upgrade", False),  # it was undone, or recover could not write
        (4, "failed", False),  # a later revision is somebody else's
        (3, "", False),  # hidden from this person
    ],
)
def test_an_undo_is_offered_for_the_revision_that_recover_left_failed_and_for_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revision: int, status: str, *, offered: bool
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    files = PersonFiles()
    files.keep_private(backup_name(TARGET, 3), "{}")
    assert undo_recover.offered(files, TARGET, revision, status) is offered
