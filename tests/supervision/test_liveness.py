from __future__ import annotations

from gym_gui.supervision.liveness import LONGEST_LOOK_S, ProxyProgress


def test_who_gives_signs_does_not_hang() -> None:
    progress = ProxyProgress(10.0)
    assert not any(progress.hangs(float(second), second // 9) for second in range(100))


def test_who_gives_none_hangs_after_a_while_and_no_more_after_a_sign() -> None:
    progress = ProxyProgress(10.0)
    assert [progress.hangs(float(second), 1) for second in range(13)] == [False] * 11 + [True] * 2
    assert not progress.hangs(13.0, 2)


def test_time_in_which_nobody_looked_is_no_silence() -> None:
    """The daemon stood still, or the machine slept."""
    progress = ProxyProgress(10.0)
    assert not progress.hangs(0.0, 1)
    assert not progress.hangs(3600.0, 1)
    assert not progress.hangs(3600.0 + LONGEST_LOOK_S, 1)
    assert progress.hangs(3601.0 + LONGEST_LOOK_S, 1)


def test_without_patience_nobody_hangs() -> None:
    progress = ProxyProgress(0.0)
    assert not any(progress.hangs(float(second), 1) for second in range(1000))
