from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.workers.environments.specifier import allows


@pytest.mark.parametrize(
    ("specifier", "version", "allowed"),
    [
        ("", (3, 8, 0), True),
        (">=3.10", (3, 10, 0), True),
        (">=3.10", (3, 9, 18), False),
        (">=3.10,<3.13", (3, 12, 9), True),
        (">=3.10, <3.13", (3, 13, 0), False),
        ("<=3.12", (3, 12, 1), False),
        ("==3.8.*", (3, 8, 18), True),
        ("==3.8", (3, 8, 18), False),
        ("!=3.9.*,>=3.8", (3, 9, 1), False),
        ("!=3.9.7", (3, 9, 1), True),
        ("~=3.10", (3, 13, 0), True),
        ("~=3.10.2", (3, 11, 0), False),
        ("~=3.10.2", (3, 10, 5), True),
        (">3.8", (3, 8, 0), False),
    ],
)
def test_versions(specifier: str, version: tuple[int, int, int], allowed: bool) -> None:
    assert allows(specifier, version) is allowed


@pytest.mark.parametrize("specifier", ["3.10", ">=three", ">=3.*", "==", ">= 3.10 <4", "=>3.8"])
def test_what_cannot_be_read(specifier: str) -> None:
    with pytest.raises(ValueError, match="is no clause"):
        allows(specifier, (3, 11, 0))


@given(st.tuples(*[st.integers(0, 40)] * 3), st.tuples(*[st.integers(0, 40)] * 3))
def test_bounds_agree_with_the_order_of_versions(version: tuple[int, int, int], bound: tuple[int, int, int]) -> None:
    text = ".".join(map(str, bound))
    assert allows(f">={text}", version) is (version >= bound)
    assert allows(f"<{text}", version) is (version < bound)
    assert allows(f"=={text}", version) is (version == bound)
    assert allows(f"!={text}", version) is not allows(f"=={text}", version)
