"""Offers that are taken by a message: others' messages do not wait for them."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from gym_gui.fleet import SPOOLED, STORED
from gym_gui.trainer.claims import Claims, Message, NotNow, _Offer


class Starting(Claims):
    """Claims whose runs cannot be started now."""

    def __init__(self, *, suspended: bool) -> None:
        place = SimpleNamespace(assignment_id="A", study=SimpleNamespace(name="s"), assignment=SimpleNamespace(index=0))

        async def place_of(_: str) -> Any:
            return place

        executor: Any = SimpleNamespace(
            attempts=None, clients=SimpleNamespace(seen=lambda *_: None, presence=None), pictures=None
        )
        studies: Any = SimpleNamespace(place=place_of, state=lambda _: SimpleNamespace(name="PENDING", machine=""))
        dispatcher: Any = SimpleNamespace(suspended=suspended)
        super().__init__(executor, studies, None, dispatcher)  # type: ignore[arg-type]
        self.tries = 0

    async def _try(self, *_: Any) -> None:
        self.tries += 1


@pytest.mark.parametrize("suspended", [True, False])
def test_an_offer_that_cannot_be_taken_now_holds_no_batch(suspended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is nearly full, say."""
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    now = [0.0]
    monkeypatch.setattr("gym_gui.trainer.claims.asyncio.sleep", sleep)
    monkeypatch.setattr("gym_gui.trainer.claims.time", SimpleNamespace(monotonic=lambda: now[0] + sum(slept)))
    claims = Starting(suspended=suspended)
    claims._offers["A"] = _Offer("m", 1e9)
    asyncio.run(claims._take_offer("A", "m", ""))
    assert claims.tries >= 1
    assert sum(slept) <= (0.0 if suspended else 0.6)
    assert "A" in claims._offers, "the next message tries again"
    with pytest.raises(NotNow):
        asyncio.run(claims.claim("A", "m"))
    assert sum(slept) > 7, "a claim itself waits"


@pytest.mark.parametrize("is_full", [True, False])
def test_a_full_disk_refuses_the_messages_whose_figures_are_not_on_it(is_full: bool) -> None:
    """The lines of others in the same batch are: sent again they would be there twice."""
    full = OSError(28, "No space left on device")
    broken = OSError(5, "Input/output error")
    outcomes: dict[str, Any] = {"figures": SPOOLED, "lines": STORED, "broken": broken}

    class Taking(Starting):
        def _take(self, message: Message) -> OSError | str:
            return outcomes[message.machine]  # type: ignore[no-any-return]

    def commit() -> None:
        if is_full:
            raise full

    claims = Taking(suspended=False)
    claims.attempts = SimpleNamespace(commit=commit)  # type: ignore[assignment]
    found = asyncio.run(claims.update([Message(machine, "", {}) for machine in outcomes]))
    assert found == [full if is_full else None, None, broken]
