"""A page, opened and used in a browser without a window."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--virtual-time-budget=20000", "--dump-dom"),
]
CATCH = "<script>window.probeErrors = []; onerror = (message) => { probeErrors.push(message); };</script>"
# Uses the finished page, and leaves what it saw in the page's text.
PROBE = """<script>
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const texts = (selector, root = document) => all(selector, root).map((one) => one.textContent);
setTimeout(async () => {
  let seen;
  try { seen = await (async () => { SCRIPT })(); } catch (error) { probeErrors.push(String(error.stack)); }
  const result = document.body.appendChild(document.createElement("pre"));
  result.id = "probe";
  result.textContent = JSON.stringify({ seen, errors: probeErrors });
}, 5000);
</script>"""


def use_page(path: Path, script: str, *, width: int = 1400, height: int = 1000, dark: bool = False) -> Any:
    """Open a page, run a script in it once all is drawn, and give back what the script returns.

    Args:
        path: The page.
        script: The body of an async function. It may use `wait`, `all` and `texts`.
        width: Of the window, in pixels.
        height: Of the window, in pixels.
        dark: Whether the reader prefers dark colours.
    """
    if BROWSER is None:
        message = "NOT TESTED: the plots page, since there is no chromium or google-chrome"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    text = path.read_text(encoding="utf-8").replace("<head>", "<head>" + CATCH, 1)
    # The inlined libraries hold a </body> too.
    before, after = text.rsplit("</body>", 1)
    probed = path.with_name("probed.html")
    probed.write_text(before + PROBE.replace("SCRIPT", script) + "</body>" + after, encoding="utf-8")
    look = [f"--window-size={width},{height}", f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
    profile = f"--user-data-dir={path.parent / 'browser'}"
    command = [BROWSER, *FLAGS, *look, profile, probed.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    result = re.search(r'<pre id="probe">(.*?)</pre>', dom, re.DOTALL)
    assert result, f"the page did not finish: {dom[-2000:]}"
    probe = json.loads(html.unescape(result[1]))
    assert probe["errors"] == []
    return probe["seen"]
