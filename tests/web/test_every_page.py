"""Every page in both themes and at three widths: accessible, whole, nothing over anything else; by keyboard."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dashboard_pages import PAGES, THEMES, WIDTHS, furnish, visits

from gym_gui.rpc.client import TrainerClient

TOOLS = Path(__file__).parent / "npm"
LAYOUT = (Path(__file__).parents[1] / "fixtures" / "page_layout.js").read_text()
RUN_AXE = """() => axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations
  .filter((each) => ["serious", "critical"].includes(each.impact))
  .map(({impact, id, nodes}) => `${impact}: ${id}: ${nodes.map((node) => node.html).join(" | ").slice(0, 500)}`))"""
#: What has the focus: how it is called, whether one sees it, whether it lies in the window and under nothing.
FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body || element.id === "main") return null;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const [above, below] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];  // it may be higher than the window
  const [x, y] = [Math.min(box.left + 4, box.right - 1), (above + below) / 2];
  const top = document.elementFromPoint(x, y);
  element.dataset.stop ??= String((window.stops = (window.stops ?? 0) + 1));
  return {
    stop: element.dataset.stop,
    html: element.outerHTML.slice(0, 160),
    name: element.computedName ?? element.getAttribute("aria-label") ?? element.textContent.trim(),
    visible: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1.5,
    reached: Boolean(top) && (element.contains(top) || top.contains(element)),
    row: element.closest("tbody tr") ? element.localName : "",
  };
}"""
#: What moves by itself, or takes time to change.
MOVING = """() => [...document.querySelectorAll("*")].filter((element) => {
  const {animationName, scrollBehavior, transitionDuration} = getComputedStyle(element);
  return animationName !== "none" || scrollBehavior === "smooth" || /[1-9]/.test(transitionDuration);
}).map((element) => element.outerHTML.slice(0, 80))"""
LONGEST_MS = """() => Math.max(...[...document.querySelectorAll("*")].flatMap((element) =>
  getComputedStyle(element).transitionDuration.split(",").map((text) => parseFloat(text) * 1000)))"""


@pytest.fixture
def ids(client: TrainerClient, random_config: Callable[..., dict[str, Any]]) -> dict[str, str]:
    """The runs that the pages show."""
    return furnish(client, random_config)


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    script = TOOLS / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        if shutil.which("npm") is None:
            pytest.skip("no npm: apt install npm")
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=TOOLS, check=True)
    return script.read_text()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("theme", THEMES)
def test_every_page_is_accessible_and_whole(page: Any, ids: dict[str, str], axe: str, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    found: dict[str, Any] = {}
    for shown in visits(page, ids):
        page.evaluate(axe)
        for width, height in WIDTHS:
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)))")
            problems = [*page.evaluate(LAYOUT), *page.evaluate(RUN_AXE)]
            if problems:
                found[f"{shown.name}, {width}"] = problems
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


def test_without_a_token_the_page_is_accessible(page: Any, axe: str) -> None:
    page.context.clear_cookies()
    page.reload()
    page.get_by_label("Token").wait_for()
    page.evaluate(axe)
    for width, height in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        assert [*page.evaluate(LAYOUT), *page.evaluate(RUN_AXE)] == []


@pytest.mark.timeout(600)
def test_every_stop_of_the_keyboard_has_a_name_and_is_seen(page: Any, ids: dict[str, str]) -> None:
    found: dict[str, list[str]] = {}
    for shown in visits(page, ids):
        stops: set[str] = set()
        for _ in range(250):
            page.keyboard.press("Tab")
            stop = page.evaluate(FOCUSED)
            if stop is None or stop["stop"] in stops:
                break
            stops.add(stop["stop"])
            for _ in range(10):
                if stop["reached"]:
                    break
                page.wait_for_timeout(200)  # what is live may have moved it this very moment
                stop = page.evaluate(FOCUSED)
            faults = [name for name in ("name", "visible", "reached") if not stop[name]]
            if faults:
                found.setdefault(shown.name, []).append(f"no {', '.join(faults)}: {stop['html']}")
        assert stops, shown.name
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


def test_the_first_run_is_five_tabs_away(page: Any, ids: dict[str, str]) -> None:
    next(visits(page, ids))
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED)["row"])
    assert "a" in reached
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*")


def test_nothing_moves_where_motion_is_unwanted(page: Any, ids: dict[str, str]) -> None:
    page.emulate_media(reduced_motion="reduce")
    for shown in visits(page, ids, PAGES[:10:3]):
        assert page.evaluate(MOVING) == [], shown.name
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(LONGEST_MS) <= 120
