"""Takes the pictures of the dashboard and the window that the documentation shows: ``make screenshots``.

Trains for a minute in a home of its own, opens each page in Debian's chromium, and writes ``docs/images/*.png``.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).parent / "images"
MOSAIC = Path(sys.executable).parent / "mosaic"
RUNS = (
    [
        "cleanrl",
        "--algo",
        "ppo",
        "--env",
        "CartPole-v1",
        "--steps",
        "20000",
        "--seeds",
        "1-3",
        "--tag",
        "baseline",
        "--set",
        "observations=true",
    ],
    ["cleanrl", "--algo", "dqn", "--env", "CartPole-v1", "--steps", "12000", "--seeds", "1-2"],
    ["random", "--env", "CartPole-v1", "--steps", "5000", "--seeds", "1-3"],
    ["random", "--env", "Acrobot-v1", "--steps", "5000"],
)


def mosaic(home: Path, *words: str) -> str:
    """Run the command in a home; return what it printed."""
    environment = {**os.environ, "MOSAIC_HOME": str(home)}
    return subprocess.run([MOSAIC, *words], env=environment, check=True, capture_output=True, text=True).stdout


@contextmanager
def dashboard(home: Path) -> Iterator[str]:
    """Serve the dashboard of a home; give the address that lets its reader in."""
    environment = {**os.environ, "MOSAIC_HOME": str(home)}
    process = subprocess.Popen(
        [MOSAIC, "web", "--port", "0", "--json"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    text = ""
    while "}" not in text:
        text += process.stdout.readline()
    try:
        yield json.loads(text)["address"]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def take(page: Any, origin: str, home: Path) -> None:
    """Write the pictures."""
    runs = json.loads(mosaic(home, "runs", "list", "-q", "algo:ppo", "--json"))["runs"]
    run = runs[0]["run_id"]
    best = json.loads(mosaic(home, "runs", "episodes", run, "--sort=-return", "-n", "1", "--json"))["episodes"][0]
    ids = ",".join(run["run_id"] for run in runs)
    pictures = {
        "dashboard-runs": (f"/?sel={ids}", "canvas", "light"),
        "dashboard-runs-dark": (f"/?sel={ids}", "canvas", "dark"),
        "dashboard-run": (f"/runs/{run}", "canvas", "light"),
        "dashboard-replay": (f"/runs/{run}?tab=episodes&episode={best['id']}&step=60", ".origin .green", "light"),
        "dashboard-metrics": (f"/runs/{run}?tab=metrics&smooth=5", "canvas", "light"),
        "dashboard-launch": ("/launch/cleanrl", "form", "light"),
    }
    for name, (path, selector, theme) in pictures.items():
        page.emulate_media(color_scheme=theme)
        page.goto(origin + path)
        page.wait_for_selector(selector)
        page.wait_for_timeout(800)
        page.screenshot(path=IMAGES / f"{name}.png")
        sys.stdout.write(f"{IMAGES / name}.png\n")


def main() -> int:
    """Train, open the pages, write the pictures."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        sys.stdout.write("no browser: apt install chromium\n")
        return 1
    IMAGES.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="mosaic-pictures-")) / "runs"
    home.mkdir()
    try:
        for words in RUNS:
            mosaic(home, "train", *words, "--json")
        mosaic(home, "runs", "star", "latest")
        with dashboard(home) as address, sync_playwright() as started:
            browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            page.goto(address)
            page.wait_for_selector("header.top")
            take(page, address.split("/#")[0], home)
            browser.close()
        subprocess.run([sys.executable, Path(__file__).with_name("window_pictures.py"), home], check=True)
    finally:
        mosaic(home, "daemon", "stop")
        shutil.rmtree(home.parent, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
