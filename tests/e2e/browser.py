"""A headless Chromium, driven by its DevTools protocol: what loads, what is asked of the network, how a page looks."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import websocket


def chromium() -> str:
    """The path of a Chromium; "" without one."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")


class Tab:
    """One tab; `log` is every event that it told of."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=30, suppress_origin=True)
        self._number = 0
        self.log: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of one command."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._number:
                assert "error" not in message, (method, message)
                result: dict[str, Any] = message["result"]
                return result
            self.log.append(message)

    def open(self, page: Path, *, width: int, height: int, dark: bool = False) -> None:
        """Load a page in a window of that size, and wait for it."""
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.do("Emulation.setEmulatedMedia", features=[scheme])
        self.do("Page.navigate", url=page.as_uri())
        while self.value("document.readyState") != "complete" or page.name not in str(self.value("location.href")):
            time.sleep(0.05)

    def value(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self.do("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def key(self, key: str, code: int, text: str = "") -> None:
        """Press and release one key."""
        for kind in ("keyDown", "keyUp"):
            self.do(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                windowsVirtualKeyCode=code,
                text=text * (kind == "keyDown"),
            )

    def picture(self, *, whole: bool = True) -> bytes:
        """The window, or the whole page, as PNG."""
        return base64.b64decode(self.do("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return base64.b64decode(self.do("Page.printToPDF", preferCSSPageSize=True)["data"])

    def close(self) -> None:
        """End the connection."""
        self._socket.close()


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Tab]:
    """A tab of a new browser without a network."""
    command = [
        program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
        "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-port=0",
        f"--user-data-dir={profile}", "about:blank",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        tab = Tab(_address(profile / "DevToolsActivePort", process))
        try:
            yield tab
        finally:
            with suppress(Exception):
                tab.do("Browser.close")
            tab.close()
    finally:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(file: Path, process: subprocess.Popen[bytes]) -> str:
    """The address of the first tab, once the browser has written its port."""
    for _ in range(600):
        assert process.poll() is None, "the browser ended"
        if file.exists() and (lines := file.read_text().split()):
            with (
                suppress(OSError, StopIteration),
                urllib.request.urlopen(f"http://127.0.0.1:{lines[0]}/json") as answer,
            ):
                return next(str(one["webSocketDebuggerUrl"]) for one in json.load(answer) if one["type"] == "page")
        time.sleep(0.05)
    raise AssertionError("the browser did not start")
