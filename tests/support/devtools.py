"""A page used in a browser without a window, in real time: what computes for seconds has no virtual clock."""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.browser import BROWSER

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--remote-debugging-pipe",  # it reads file 3 and writes file 4
]
APART = 50  # files from here on are nobody else's


class Page:
    """A page, driven by the browser's DevTools protocol: JSON with a zero byte at the end."""

    def __init__(self, write: int, read: int) -> None:
        self.write, self.read, self.rest, self.count = write, read, b"", 0
        self.errors: list[str] = []  # what the console would show in red, in the words of the browser
        self.session: dict[str, str] = {}
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = {
            "sessionId": self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        }
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to a command."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": params, **self.session}
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write, data) :]
        while (answer := self._next()).get("id") != self.count:
            self._note(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, path: Path, *, width: int = 1200, height: int = 1000, dark: bool = False) -> None:
        """Load a file in a window of this size, without network."""
        offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.ask("Network.emulateNetworkConditions", **offline)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        self.ask("Page.navigate", url=path.as_uri())
        self.run(
            "while (document.readyState !== 'complete') await new Promise((done) => setTimeout(done, 50));"
        )

    def run(self, script: str) -> Any:
        """What the body of an async function returns."""
        answer = self.ask(
            "Runtime.evaluate",
            expression=f"(async () => {{ {script} }})()",
            awaitPromise=True,
            returnByValue=True,
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.rest:
            data = os.read(self.read, 2**20)
            assert data, "the browser has ended"
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def _note(self, event: dict[str, Any]) -> None:
        method, params = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"]["exception"].get("description", "an exception"))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(params["entry"]["text"])


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """A browser with an empty page and a profile of its own in `folder`."""
    if BROWSER is None:
        message = "NOT TESTED: the page of a net, since there is no chromium or google-chrome"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    pipes = (*os.pipe(), *os.pipe())
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD, APART) for end in pipes]
    for end in pipes:
        os.close(end)
    theirs, ours = (ends[0], ends[3]), (ends[1], ends[2])
    script = f'exec "$0" "$@" 3<&{theirs[0]} 4>&{theirs[1]}'
    command = ["bash", "-c", script, BROWSER, *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, pass_fds=theirs, stdout=quiet, stderr=quiet)
    for end in theirs:
        os.close(end)
    try:
        yield Page(*ours)
    finally:
        process.terminate()
        process.wait(30)
        for end in ours:
            os.close(end)
