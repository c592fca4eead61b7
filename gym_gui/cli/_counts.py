"""Whole numbers on a command line, as people write them: ``100000``, ``100_000``, ``1e5``."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import click

_LARGEST = 2**63 - 1


def parse_count(text: str) -> int:
    """Return a whole number.

    Raises:
        ValueError: It is none, or too large.
    """
    try:
        number = Decimal(text.strip())
        whole = int(number) if number.is_finite() and abs(number.adjusted()) < 20 else None
    except (InvalidOperation, ValueError):
        whole = number = None
    if whole is None or whole != number or whole > _LARGEST:
        raise ValueError(f"{text!r} is not a whole number: write it like 100000, 100_000 or 1e5")
    return whole


def count_option(*names: str, minimum: int = 1, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return an option that takes a whole number of at least ``minimum``."""

    def read(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
        if value is None:
            return None
        try:
            number = parse_count(value)
        except ValueError as error:
            raise click.BadParameter(f"{error}.", ctx, param) from None
        if number < minimum:
            raise click.BadParameter(f"{value} is below the least that is allowed, {minimum}.", ctx, param)
        return number

    return click.option(*names, callback=read, **options)
