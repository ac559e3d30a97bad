"""The keys of a person on a real terminal of 80x24: bytes in one write, on a slow line, and pasted."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import pytest

from tests.terminal import KEYS, Terminal

ROOT = Path(__file__).resolve().parents[2]
IMAGE = ("v", "down", "tab", "ghcr.io/acme/llm:v1", "tab", "regcred")
"""On step 1 of the values file: staging, an image, a pull secret."""
HOST = ("enter", "enter", "tab", "ctrl+u", "api.acme.io", "tab")
"""Over step 2 to the host name of step 3, and on."""


def wizard(folder: Path) -> Terminal:
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "KUBECONFIG": str(folder / "none"), "XDG_STATE_HOME": str(folder / "state"),
    }  # fmt: skip
    return Terminal([sys.executable, "-m", "wizard"], environment, folder)


def sent(*keys: str) -> bytes:
    return "".join(KEYS.get(key, key) for key in keys).encode()


@pytest.mark.parametrize("pause", [0.0, 0.01], ids=["one write", "a slow line"])
def test_each_key_goes_where_the_person_saw_the_focus_going(pause: float, tmp_path: Path) -> None:
    with wizard(tmp_path) as terminal:
        terminal.wait_for("Values file")
        text = sent(*IMAGE, *HOST)
        for piece in [bytes([byte]) for byte in text] if pause else [text]:
            terminal.process.write(piece)
            time.sleep(pause)
        shown = terminal.wait_for(r"Host +\[api\.acme\.io +\]")
        assert "> 3 Address" in shown
        terminal.press("esc", "esc")
        shown = terminal.wait_for(r"Pull secret +\[regcred +\]")
        assert re.search(r"Application image +\[ghcr\.io/acme/llm:v1 +\]", shown)
        assert "preset staging" in shown or "(*) Staging" in shown
