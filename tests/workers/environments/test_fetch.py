from __future__ import annotations

import pytest

from gym_gui.workers.environments.fetch import split_reference


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("https://example.org/a/b.git", ("https://example.org/a/b.git", "")),
        ("https://example.org/a/b.git@v1.2", ("https://example.org/a/b.git", "v1.2")),
        ("https://me@example.org/a/b.git", ("https://me@example.org/a/b.git", "")),
        ("git@example.org:a/b.git", ("git@example.org:a/b.git", "")),
        ("ssh://git@example.org/a/b.git@main", ("ssh://git@example.org/a/b.git", "main")),
        ("file:///a/b.git@0123abc", ("file:///a/b.git", "0123abc")),
    ],
)
def test_addresses_with_and_without_a_reference(address: str, parts: tuple[str, str]) -> None:
    assert split_reference(address) == parts
