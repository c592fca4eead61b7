"""Who may ask what: tokens, hosts, origins, rates."""

from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.web.access import BURST, FAILED_BURST, FAILED_RATE, RATE, Access, Holder, Role, Token
from gym_gui.web.tokens import TokenStore

ADA = Holder("ada", Role.ADMIN)
BOB = Holder("bob", Role.READ)


@pytest.fixture
def access() -> Access:
    return Access(
        [Token.of("secret-a", ADA), Token.of("secret-b", BOB)], ["127.0.0.1:8787", "localhost:8787"], secure=False
    )


def test_a_token_is_taken_as_cookie_or_header(access: Access) -> None:
    assert access.authenticate(f"x=1; {access.cookie}=secret-a", "") == ADA
    assert access.authenticate("", "Bearer secret-b") == BOB
    assert access.authenticate(f"{access.cookie}=secret-a", "bearer secret-b") == BOB


@pytest.mark.parametrize(
    ("cookies", "authorization"),
    [("", ""), ("mosaic_token=secret-a", ""), ("", "Basic secret-a"), ("", "Bearer "), ("", "Bearer secret"),
     ("\x00;=", ""),
     ("{}=", "")],
)  # fmt: skip
def test_everything_else_is_refused(access: Access, cookies: str, authorization: str) -> None:
    assert access.authenticate(cookies.format(access.cookie), authorization) is None


def test_other_names_and_origins_are_foreign(access: Access) -> None:
    assert access.is_known_host("LOCALHOST:8787")
    assert not any(map(access.is_known_host, ("", "localhost", "evil.example", "127.0.0.1:80", "127.0.0.1:8787.evil")))
    assert access.is_own_origin("http://127.0.0.1:8787")
    foreign = ("null", "", "https://127.0.0.1:8787", "http://evil.example", "http://127.0.0.1", "file://")
    assert not any(map(access.is_own_origin, foreign))


def test_a_client_is_slowed_down_and_others_are_not(access: Access) -> None:
    assert all(access.allows("1", now=0.0) for _ in range(int(BURST)))
    assert not access.allows("1", now=0.0)
    assert access.allows("2", now=0.0)
    assert access.allows("1", now=2.0 / RATE)


def test_wrong_tokens_are_limited_whatever_else_a_client_does(access: Access) -> None:
    for _ in range(int(BURST)):
        access.allows("1", now=0.0)
    for _ in range(int(FAILED_BURST)):
        assert access.may_try("1", now=0.0)
        access.count_failure("1", now=0.0)
    assert not access.may_try("1", now=0.0)
    assert not access.may_try("1", now=0.5 / FAILED_RATE)
    assert access.may_try("1", now=1.5 / FAILED_RATE)
    assert access.may_try("2", now=0.0)


def test_an_empty_token_is_refused() -> None:
    access = Access([Token.of("", ADA)], ["127.0.0.1:1"], secure=False)
    assert access.holder_of("") is None
    assert access.authenticate(f"{access.cookie}=", "") is None
    assert access.authenticate(f'{access.cookie}=""', "Bearer ") is None


def test_two_servers_of_one_host_have_cookies_of_their_own() -> None:
    assert Access([], ["127.0.0.1:1"], secure=False).cookie != Access([], ["127.0.0.1:2"], secure=False).cookie


def test_tokens_are_kept_as_hashes(tmp_path: Path) -> None:
    store = TokenStore(tmp_path, "ada")
    owner, token = store.owner_token(), store.add("bob", Role.RUN)
    assert store.owner_token() == owner
    assert (tmp_path / "web" / "token").stat().st_mode & 0o077 == 0
    assert token not in (tmp_path / "web" / "tokens.json").read_text()
    access = Access(TokenStore(tmp_path, "ada").all(), [], secure=True)
    assert access.holder_of(owner) == Holder("ada", Role.ADMIN)
    assert access.holder_of(token) == Holder("bob", Role.RUN)
    store.remove("bob")
    assert store.named() == []
    assert Access(store.all(), [], secure=True).holder_of(token) is None


def test_names_of_tokens_are_checked(tmp_path: Path) -> None:
    store = TokenStore(tmp_path, "ada")
    store.add("bob", Role.READ)
    with pytest.raises(UsageError, match="there is a token"):
        store.add("bob", Role.READ)
    with pytest.raises(UsageError, match="not a name"):
        store.add("a b", Role.READ)
    with pytest.raises(UsageError, match="did you mean 'bob'"):
        store.remove("bop")


@pytest.mark.parametrize("text", ["{", '{"tokens": [{"name": "a", "role": "king", "sha256": "x"}]}', "[]"])
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, text: str) -> None:
    store = TokenStore(tmp_path, "ada")
    store.add("bob", Role.READ)
    (tmp_path / "web" / "tokens.json").write_text(text)
    with pytest.raises(MosaicError) as caught:
        store.all()
    assert caught.value.next_step


@pytest.mark.parametrize("text", ["", "\n", "abc\n", "é" * 40])
def test_a_damaged_token_of_the_owner_is_refused(tmp_path: Path, text: str) -> None:
    TokenStore(tmp_path, "ada").owner_token()
    (tmp_path / "web" / "token").write_text(text)
    with pytest.raises(MosaicError, match="cannot be used") as caught:
        TokenStore(tmp_path, "ada").all()
    assert (caught.value.why, caught.value.next_step[:3]) == ("it is damaged", "rm ")


def test_a_token_that_others_could_read_is_drawn_again(tmp_path: Path) -> None:
    former = TokenStore(tmp_path, "ada").owner_token()
    path = tmp_path / "web" / "token"
    path.chmod(0o644)
    drawn = TokenStore(tmp_path, "ada").owner_token()
    assert drawn not in ("", former)
    assert (path.read_text().strip(), path.stat().st_mode & 0o077) == (drawn, 0)


def test_a_token_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    TokenStore(tmp_path, "ada").owner_token()
    monkeypatch.setattr("gym_gui.web.tokens.stranger", lambda path: 4242)
    with pytest.raises(MosaicError, match="4242"):
        TokenStore(tmp_path, "ada").owner_token()
