from __future__ import annotations

import pytest

from gym_gui.workers.environments.passwords import hide_passwords


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("git+https://me:pa55@example.org/a.git@main", "git+https://me:****@example.org/a.git@main"),
        ("lib @ https://ghp_token@example.org/lib.whl", "lib @ https://****@example.org/lib.whl"),
        ("--index-url=http://me:p%40ss@10.0.0.1:80/a --pre", "--index-url=http://me:****@10.0.0.1:80/a --pre"),
        ("ssh://git@example.org/a.git", "ssh://git@example.org/a.git"),
        ("ssh://git:pa55@example.org/a.git", "ssh://git:****@example.org/a.git"),
        ("git@example.org:a/b.git", "git@example.org:a/b.git"),
        ("https://example.org/a@b:c", "https://example.org/a@b:c"),
        ("lib==1.0", "lib==1.0"),
    ],
)  # fmt: skip
def test_an_address_keeps_all_but_its_password(text: str, shown: str) -> None:
    assert hide_passwords(text) == shown
