"""What is known of a helm whose end nobody saw."""

from __future__ import annotations

import pytest

from wizard.core.run.summary import HelmExit
from wizard.engine.run.helm_outcome import infer_exit

NOBODY = HelmExit(None)


@pytest.mark.parametrize(
    ("ended", "out", "err", "code"),
    [
        (NOBODY, ["NAME: rel", "STATUS: deployed", "REVISION: 1"], [], 0),
        (NOBODY, ["Rollback was a success! Happy Helming!"], [], 0),
        (NOBODY, ['release "rel" uninstalled'], [], 0),
        (NOBODY, ["NAME: rel", "STATUS: failed"], [], None),
        (NOBODY, ["NAME: rel", "NOTES:", "STATUS: deployed"], [], None),
        (NOBODY, [], ["level=WARN", "Error: timed out"], 1),
        (NOBODY, [], [], None),
        (HelmExit(1), ["STATUS: deployed"], [], 1),
        (HelmExit(None, "SIGKILL"), ["STATUS: deployed"], [], None),
    ],
)
def test_an_end_that_nobody_saw_is_told_by_helms_own_last_words_and_never_by_the_charts(
    ended: HelmExit, out: list[str], err: list[str], code: int | None
) -> None:
    assert infer_exit(ended, out, err) == HelmExit(code, ended.signal)
