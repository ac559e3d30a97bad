"""Where the wizard's folders are (XDG Base Directory Specification)."""

from __future__ import annotations

import pytest

from wizard import paths
from wizard.sandbox import cluster, toolchain


@pytest.mark.parametrize(
    ("environment", "state", "cache"),
    [
        ({"XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/s", "/c"),
        ({"XDG_STATE_HOME": "", "HOME": "/h"}, "/h/.local/state", "/h/.cache"),
        ({"XDG_STATE_HOME": "relative", "XDG_CACHE_HOME": "./c", "HOME": "/h"}, "/h/.local/state", "/h/.cache"),
    ],
)
def test_the_wizard_and_its_sandbox_keep_their_files_in_one_place(
    environment: dict[str, str], state: str, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert str(paths.state_home()) == f"{state}/llm-cost-ops-wizard"
    assert str(paths.cache_home()) == f"{cache}/llm-cost-ops-wizard"
    assert cluster.state_folder() == paths.state_home() / "sandboxes"
    assert toolchain.cache_folder() == paths.cache_home() / "tools"


def test_without_a_home_folder_the_sentence_names_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "")
    with pytest.raises(paths.UnusableError, match="There is no home folder") as caught:
        toolchain.cache_folder()
    assert caught.value.next_step == "Set HOME or XDG_CACHE_HOME to a folder that you can write to."
