"""A headless Chromium, driven over its debugging pipe: nothing but Python's own library."""

import base64
import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
)
ANSWER_SECONDS = 120
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27}
# What the browser answers where the page was replaced while an expression was on its way.
REPLACED = ("navigated or closed", "context was destroyed", "Cannot find context")
# Events that tell of an error or a warning, and where they hold its weight.
COMPLAINTS = {
    "Runtime.exceptionThrown": lambda event: "error",
    "Runtime.consoleAPICalled": lambda event: event["type"],
    "Log.entryAdded": lambda event: event["entry"]["level"],
}


class Browser:
    """One tab; `events` holds what it told since the page was opened."""

    def __init__(self, pipe: socket.socket):
        self._pipe, self._buffer, self._calls, self._session = pipe, b"", 0, {}
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """A command of the Chrome DevTools Protocol."""
        answer = self._answer(method, params)
        assert "error" not in answer, answer
        return answer["result"]

    def _answer(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self._calls += 1
        message = {"id": self._calls, "method": method, "params": params} | self._session
        self._pipe.sendall(json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._calls:
            self.events.append(answer)
        return answer

    def open(
        self,
        page: Path,
        size: tuple[int, int],
        media: str = "",
        scheme: str = "light",
        scripts: bool = True,
    ) -> None:
        """Show the page in a window of the size, and wait until all of it is there.

        Args:
            media: what the styles are told that they are for; what they are for where empty.
        """
        width, height = size
        self.call(
            "Emulation.setDeviceMetricsOverride",
            **{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        while not self.told("Page.loadEventFired"):
            self.events.append(self._receive())

    def told(self, method: str) -> list[Mapping[str, Any]]:
        """What events of the kind said."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def complaints(self) -> list[Mapping[str, Any]]:
        """Errors and warnings of the console, since the page was opened."""
        return [
            event
            for method, weight in COMPLAINTS.items()
            for event in self.told(method)
            if weight(event) in ("error", "warning", "assert")
        ]

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page, or in the one that replaces it."""
        params = {"expression": expression, "returnByValue": True}
        while "error" in (answer := self._answer("Runtime.evaluate", params)):
            assert any(words in answer["error"]["message"] for words in REPLACED), answer
        assert "exceptionDetails" not in answer["result"], answer
        return answer["result"]["result"].get("value")

    def press(self, key: str) -> None:
        code = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **code, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **code)

    def print(self) -> bytes:
        """The page as PDF, on A4."""
        inches = {"paperWidth": 8.27, "paperHeight": 11.69}
        answer = self.call("Page.printToPDF", preferCSSPageSize=True, **inches)
        return base64.b64decode(answer["data"])

    def screenshot(self) -> bytes:
        """All of the page as PNG."""
        return base64.b64decode(
            self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        )

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            received = self._pipe.recv(1 << 20)
            assert received, "the browser has ended"
            self._buffer += received
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)


@contextmanager
def open_browser(profile: Path) -> Iterator[Browser]:
    """A browser with an empty profile, closed at the end."""
    assert PROGRAM is not None
    ours, theirs = socket.socketpair()
    ours.settimeout(ANSWER_SECONDS)
    flags: Sequence[str] = (*FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}")
    nowhere = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
    pipes = [(os.POSIX_SPAWN_DUP2, theirs.fileno(), end) for end in (3, 4)]  # reads 3, writes 4
    process = os.posix_spawn(PROGRAM, [PROGRAM, *flags], os.environ, file_actions=[nowhere, *pipes])
    theirs.close()
    with ours:
        browser = Browser(ours)
        yield browser
        browser._session = {}
        browser.call("Browser.close")
    os.waitpid(process, 0)
