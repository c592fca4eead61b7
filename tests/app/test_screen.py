"""Whether the window can be drawn here."""

from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.app import screen
from gym_gui.app.checks import installation
from gym_gui.core.worker.errors import UsageError


def test_without_a_screen_the_dashboard_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="no screen") as refused:
        screen.check_screen()
    assert "mosaic web" in refused.value.next_step


def test_missing_libraries_for_x_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    for name in ("WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(screen, "_can_load", lambda library: "cursor" not in library)
    with pytest.raises(UsageError) as refused:
        screen.check_screen()
    assert refused.value.next_step == "apt install libxcb-cursor0"


def test_doctor_names_missing_libraries_where_the_window_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(installation, "find_spec", lambda _name: object())
    monkeypatch.setattr(screen, "_can_load", lambda library: "cursor" not in library)
    (found,) = installation.window(tmp_path)
    assert (found.verdict, found.next_step) == ("doubtful", "apt install libxcb-cursor0")
    monkeypatch.setattr(screen, "_can_load", lambda _library: True)
    assert [finding.verdict for finding in installation.window(tmp_path)] == ["ok"]
    monkeypatch.setattr(installation, "find_spec", lambda _name: None)
    assert list(installation.window(tmp_path)) == []
