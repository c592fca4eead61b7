"""Signs of life of programs that share the id of a machine."""

from __future__ import annotations

from gym_gui.fleet.claims.senders import Senders, Session
from gym_gui.fleet.orders import AttemptKey

FIRST, SECOND = (AttemptKey(f"01J000000000000000000000{name}", "000001", 1) for name in ("0A", "0B"))
A, B = Session("a", "198.51.100.7"), Session("b", "198.51.100.7")
PEER = "198.51.100.7"


def renewed(senders: Senders, sender: Session, live: list[Session], held: dict[AttemptKey, str]) -> list[AttemptKey]:
    return senders.renewed(sender.host, sender.peer, live, held)


def test_one_program_has_all_of_its_machine() -> None:
    senders = Senders()
    assert renewed(senders, A, [A], {FIRST: PEER}) == [FIRST]
    assert renewed(senders, A, [A], {FIRST: PEER, SECOND: PEER}) == [FIRST, SECOND], "two studies of one host"
    assert senders.renewed("", PEER, [A], {FIRST: PEER}) == [FIRST], "a plain agent tells no host"


def test_behind_one_router_each_renews_what_it_has() -> None:
    senders = Senders()
    assert renewed(senders, A, [A], {FIRST: PEER}) == [FIRST]
    both = {FIRST: PEER, SECOND: PEER}
    assert renewed(senders, A, [A], both) == [FIRST, SECOND], "the window of the second has not opened yet"
    assert renewed(senders, B, [A, B], both) == [SECOND]
    assert renewed(senders, A, [A, B], both) == [FIRST]
    assert renewed(senders, B, [B], both) == [SECOND], "the first one is silent: its lease expires"
    assert renewed(senders, B, [B], {SECOND: PEER}) == [SECOND]


def test_addresses_tell_those_apart_that_claimed_before_they_were_heard_of() -> None:
    senders = Senders()
    far = Session("b", "203.0.113.9")
    both = {FIRST: PEER, SECOND: far.peer}
    assert renewed(senders, A, [A, far], both) == [FIRST]
    assert renewed(senders, far, [A, far], both) == [SECOND]
    assert senders.renewed("", far.peer, [A, far], both) == [SECOND], "pictures tell no host"


def test_what_cannot_be_known_is_renewed_by_all() -> None:
    senders = Senders()
    both = {FIRST: PEER, SECOND: PEER}
    assert renewed(senders, A, [A, B], both) == [FIRST, SECOND]
    assert renewed(senders, B, [A, B], both) == [FIRST, SECOND]


def test_an_open_window_without_work_is_not_taken_for_the_claimant() -> None:
    senders = Senders()
    assert renewed(senders, B, [B], {FIRST: PEER}) == [FIRST]
    assert renewed(senders, A, [A, B], {FIRST: PEER}) == [FIRST], "it may be the claimant as well"
    assert renewed(senders, A, [A], {FIRST: PEER}) == [FIRST]


def test_a_session_that_is_done_takes_the_next() -> None:
    senders = Senders()
    for held in ({FIRST: PEER}, {}, {SECOND: PEER}):
        renewed(senders, A, [A], held)
    assert renewed(senders, B, [A, B], {SECOND: PEER, FIRST: PEER}) == [FIRST]
    assert renewed(senders, B, [A, B], {SECOND: PEER}) == [], "its window stays open"
