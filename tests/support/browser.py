"""Pages, opened and used in a browser without a window, in real time."""

import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--remote-debugging-pipe",  # it reads file 3 and writes file 4
]
APART = 50  # files from here on are nobody else's
PATIENCE = 120  # seconds for one answer
# What scripts may use. Nothing waits for a clock: machines are slow, and pictures are decoded when they are.
HELPERS = f"""
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const texts = (selector, root = document) => all(selector, root).map((one) => one.textContent);
const until = async (isSo) => {{
  for (const start = performance.now(); !isSo(); await new Promise((done) => setTimeout(done, 20))) {{
    if (performance.now() > start + {PATIENCE // 2 * 1000}) throw new Error(`was never so: ${{isSo}}`);
  }}
}};
const finished = () => document.readyState === "complete" && all("img").every((img) => img.complete)
  && all(".plot").every((plot) => plot.querySelector("svg.marks")?.style.maxWidth || plot.querySelector("p"));
const drawn = (root = document) => all("canvas", root).every((canvas) => canvas.dataset.drawn);
const frames = async () => {{ for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame); }};
"""


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

    def open(self, path: Path, *, width: int = 1400, height: int = 1000, dark: bool = False) -> None:
        """Load a file in a window of this size, without network."""
        offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.ask("Network.emulateNetworkConditions", **offline)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        self.ask("Page.navigate", url=path.as_uri())
        self.run("await until(finished); await frames();")

    def run(self, script: str) -> Any:
        """What the body of an async function, which may use `HELPERS`, returns."""
        answer = self.ask(
            "Runtime.evaluate",
            expression=f"(async () => {{ {HELPERS} {script} }})()",
            awaitPromise=True,
            returnByValue=True,
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.rest:
            assert select.select([self.read], [], [], PATIENCE)[0], "the browser does not answer"
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
def browser() -> Iterator[Page]:
    """A browser with an empty page and a profile of its own."""
    if BROWSER is None:
        message = "NOT TESTED: the page, since there is no chromium or google-chrome"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    pipes = (*os.pipe(), *os.pipe())
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD, APART) for end in pipes]
    for end in pipes:
        os.close(end)
    theirs, ours = (ends[0], ends[3]), (ends[1], ends[2])
    script = f'exec "$0" "$@" 3<&{theirs[0]} 4>&{theirs[1]}'
    profile = tempfile.mkdtemp()
    command = ["bash", "-c", script, BROWSER, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, pass_fds=theirs, stdout=quiet, stderr=quiet)
    for end in theirs:
        os.close(end)
    try:
        yield Page(*ours)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(profile, ignore_errors=True)
        for end in ours:
            os.close(end)


def use_page(path: Path, script: str, *, width: int = 1400, height: int = 1000, dark: bool = False) -> Any:
    """Open a page, run a script in it once all is drawn, and give back what the script returns.

    Args:
        path: The page.
        script: The body of an async function. It may use `HELPERS`.
        width: Of the window, in pixels.
        height: Of the window, in pixels.
        dark: Whether the reader prefers dark colours.
    """
    with browser() as page:
        page.open(path, width=width, height=height, dark=dark)
        seen = page.run(script)
        assert page.errors == []
    return seen
