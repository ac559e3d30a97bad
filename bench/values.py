"""All values of a chart with 2,000 keys on a terminal: from the key to the tree, and from a key to the moved cursor."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from bench import screen
from bench.launch import environment
from bench.rounds import Row, p99

_SIZE: Final = (45, 140)
_KEYS: Final = 2_000
_MOVES: Final = 300
_KUBECONFIG: Final = """\
apiVersion: v1
kind: Config
current-context: none
clusters: [{name: none, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
users: [{name: none, user: {token: none}}]
"""
"""Nothing answers there: no cluster is needed."""
_F6: Final = b"\x1b[17~"
_DOWN: Final = b"\x1b[B"
_ESCAPE: Final = b"\x1b"


def tree(rounds: int) -> list[Row]:
    """F6 on a question until the tree shows, once the chart was read; the cursor in the open tree, key by key."""
    with tempfile.TemporaryDirectory() as folder:
        chart, kubeconfig = _chart(Path(folder)), Path(folder) / "kubeconfig"
        kubeconfig.write_text(_KUBECONFIG)
        argv = [sys.executable, "-m", "wizard", "install", "--chart", str(chart)]
        with (
            contextlib.closing(screen.Screen(argv, environment(str(kubeconfig)), _SIZE)) as shown,
            screen.undisturbed(),
        ):
            shown.until(rb"> 1 Environment")
            opened = []
            for number in range(rounds + 1):
                began = shown.press(_F6)
                opened.append(shown.until(rb"2,?\d+ values(?s:.*)section") - began)
                if number < rounds:
                    shown.press(_ESCAPE)
                    shown.until(rb"> 1 Environment")
            shown.press(b" ")
            shown.until(rb"key0001")
            moves = []
            for number in range(_MOVES):
                began = shown.press(_DOWN)
                moves.append(shown.until(rb"section\.key%04d" % number) - began)
    slow = p99(moves)
    return [
        Row(f"all values: F6 to a tree of {_KEYS} keys", opened[1:], bound="<= 150 ms", fits=max(opened[1:]) <= 0.15),
        Row("all values: key to paint", moves, bound="p99 <= 33 ms", fits=slow <= 0.033,
            note=f"p99 {slow * 1000:.0f} ms of {len(moves)}"),
    ]  # fmt: skip


def _chart(folder: Path) -> Path:
    keys: dict[str, Any] = {f"key{number:04}": number for number in range(_KEYS)}
    properties = {key: {"type": "integer", "minimum": 0, "description": f"The number {key}."} for key in keys}
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: llm-cost-ops\nversion: 1.0.0\n")
    (folder / "values.yaml").write_text(json.dumps({"section": keys}))
    (folder / "values.schema.json").write_text(json.dumps({"properties": {"section": {"properties": properties}}}))
    return folder
