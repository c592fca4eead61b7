"""A thousand curves in one chart of the dashboard: how it answers while the pointer moves over them."""

from __future__ import annotations

from typing import Any

_OBSERVE = """
window.longest = 0;
new PerformanceObserver((list) => { for (const each of list.getEntries()) longest = Math.max(longest, each.duration); })
  .observe({type: "longtask", buffered: true});
"""
_FRAMES = """() => {
  window.worst = 0; window.longest = 0; let last = performance.now();
  const next = (now) => { worst = Math.max(worst, now - last); last = now; requestAnimationFrame(next); };
  requestAnimationFrame((now) => { last = now; requestAnimationFrame(next); });
}"""
#: 1,000 runs as 100 groups of 10, once: milliseconds.
_REGROUP = """async () => {
  const curves = await import("/static/curves.js");
  const page = await (await fetch("/api/v1/compare?q=&points=100")).json();
  const all = page.runs.map(curves.learningCurve);
  const began = performance.now();
  const groups = curves.grouped(all, (run) => String(run.sequence % 100));
  curves.bandLines(groups, {centre: "iqm", spread: "bootstrap", smooth: 0, raw: false, logX: false});
  return performance.now() - began;
}"""
_MOVES = 90


def hover(browser: Any, address: str) -> dict[str, float]:
    """Return figures of a comparison of all runs while the pointer moves over its chart.

    Args:
        browser: The browser.
        address: The dashboard's, with its token.

    Returns:
        Longest task while it was drawn and while the pointer moved, worst frame then, and a regrouping, in
        milliseconds; the heap in bytes; the number of nodes.
    """
    origin, token = address.split("/#token=")
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.request.post(f"{origin}/api/v1/login", data={"token": token})
    page = context.new_page()
    page.add_init_script(_OBSERVE)
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable")
    page.goto(f"{origin}/compare?q=", wait_until="commit")
    page.wait_for_selector("canvas", state="attached")
    page.wait_for_timeout(2000)
    drawn = page.evaluate("longest")
    box = page.locator(".u-over").bounding_box()
    page.evaluate(_FRAMES)
    for move in range(_MOVES):
        left = box["x"] + 10 + (box["width"] - 20) * move / _MOVES
        page.mouse.move(left, box["y"] + 10 + (move * 37) % (box["height"] - 20))
        page.wait_for_timeout(16)
    worst, longest = page.evaluate("[worst, longest]")
    devtools.send("HeapProfiler.collectGarbage")
    metrics = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
    regrouped = page.evaluate(_REGROUP)
    context.close()
    return {
        "drawn": drawn, "longest": longest, "worst": worst, "regrouped": regrouped,
        "heap": metrics["JSHeapUsedSize"], "nodes": metrics["Nodes"],
    }  # fmt: skip
