from __future__ import annotations

import signal

import pytest

from cleanrl_worker.signals import DeferredSignals


class FormerHandlerError(Exception):
    """Raised by the handler that was there before."""


@pytest.fixture(autouse=True)
def _former_handler() -> object:
    def tell(number: int, frame: object) -> None:
        raise FormerHandlerError(number)

    before = signal.signal(signal.SIGTERM, tell)
    yield
    signal.signal(signal.SIGTERM, before)


def test_a_signal_waits_for_its_delivery() -> None:
    with DeferredSignals() as signals:
        signal.raise_signal(signal.SIGTERM)
        assert signals.pending == signal.SIGTERM
        signals.deliver_overdue()
        with pytest.raises(FormerHandlerError):
            signals.deliver()
        assert signals.pending is None


def test_a_signal_that_waited_too_long_is_delivered() -> None:
    with DeferredSignals(grace_s=-1) as signals:
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(FormerHandlerError):
            signals.deliver_overdue()


def test_a_second_signal_is_delivered_at_once() -> None:
    with DeferredSignals():
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(FormerHandlerError):
            signal.raise_signal(signal.SIGTERM)


def test_a_signal_still_pending_at_the_end_is_delivered() -> None:
    with pytest.raises(FormerHandlerError), DeferredSignals():
        signal.raise_signal(signal.SIGTERM)


def test_the_former_handler_is_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with DeferredSignals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
