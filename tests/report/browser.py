"""A real Chromium for tests, driven through WebDriver; no package is needed for it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
)
REQUIRED = "ASSAY_REQUIRE_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome")
START = 60.0
"""Seconds that the driver may take to start."""


class Browser:
    """One window."""

    def __init__(self, address: str, session: str) -> None:
        self._base = f"{address}/session/{session}"

    def open(self, page: Path) -> None:
        """Load a file from disk; its requests and messages are those since the last call."""
        self.messages()
        self.requests()
        _ask(f"{self._base}/url", {"url": page.resolve().as_uri()})

    def resize(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        """The size of the page as its style sheet sees it."""
        values = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.tell("Emulation.setDeviceMetricsOverride", **values)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.tell("Emulation.setEmulatedMedia", features=scheme)

    def run(self, script: str) -> Any:
        """What a JavaScript function body returns."""
        return _ask(f"{self._base}/execute/sync", {"script": script, "args": []})

    def tell(self, command: str, **values: Any) -> Any:
        """A command of Chromium's own protocol."""
        return _ask(f"{self._base}/goog/cdp/execute", {"cmd": command, "params": values})

    def messages(self) -> list[str]:
        """What the console says, errors and warnings."""
        found = _ask(f"{self._base}/se/log", {"type": "browser"})
        return [f"{entry['level']}: {entry['message']}" for entry in found]

    def requests(self) -> list[str]:
        """Addresses that were asked for."""
        logged = _ask(f"{self._base}/se/log", {"type": "performance"})
        events = [json.loads(entry["message"])["message"] for entry in logged]
        sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [each["request"]["url"] for each in sent]

    def screenshot(self, whole: bool = True) -> bytes:
        """The page as PNG."""
        found = self.tell("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(found["data"])

    def pdf(self) -> bytes:
        """The page as it is printed, with the sheet that its style asks for."""
        found = self.tell("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(found["data"])


def need_chromium() -> tuple[str, str]:
    """Paths of Chromium and its driver; skips the test where they are not, unless they are required."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if program and driver:
        return program, driver
    reason = "there is no chromium and chromedriver to look at reports with (apt install chromium-driver)"
    if os.environ.get(REQUIRED):
        pytest.fail(f"{REQUIRED} is set, and {reason}")
    pytest.skip(reason)


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A browser whose profile is in the folder, until the block ends."""
    program, driver = need_chromium()
    log = folder / "driver.log"
    with log.open("wb") as out:
        process = subprocess.Popen([driver, "--port=0"], stdout=out, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{_port(log, process)}"
            flags = [*FLAGS, f"--user-data-dir={folder / 'profile'}"]
            wanted = {
                "goog:chromeOptions": {"binary": program, "args": flags},
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }
            session = _ask(f"{address}/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
            try:
                yield Browser(address, session)
            finally:
                _ask(f"{address}/session/{session}", None, method="DELETE")
        finally:
            process.terminate()
            process.wait(30)


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    """The port that the driver says it has chosen."""
    end = time.monotonic() + START
    while time.monotonic() < end and process.poll() is None:
        words = log.read_text(errors="replace").rpartition("successfully on port ")[2].split(".")[0]
        if words.isdecimal():
            return int(words)
        time.sleep(0.05)
    raise RuntimeError(f"chromedriver did not start: {log.read_text(errors='replace')}")


def _ask(address: str, data: dict[str, Any] | None, *, method: str = "POST") -> Any:
    body = None if data is None else json.dumps(data).encode()
    request = Request(address, body, {"Content-Type": "application/json"}, method=method)
    try:
        with urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]
    except URLError as error:
        detail = error.read().decode(errors="replace")[:500] if hasattr(error, "read") else ""
        raise RuntimeError(f"the browser does not answer: {error} {detail}") from None
