"""Addresses may hold passwords: they are not shown, not logged, and not kept."""

from __future__ import annotations

import re

_USER = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<user>[^\s/@:]*)(?P<password>:[^\s/@]*)?@", re.IGNORECASE)


def hide_passwords(text: str) -> str:
    """Return a text with ``****`` in place of the passwords of all addresses in it.

    A user without a password stays for ssh alone, where it is only a name: elsewhere it may be an access token.
    """
    return _USER.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    scheme, user, password = found["scheme"], found["user"], found["password"]
    if password:
        return f"{scheme}://{user}:****@"
    return f"{scheme}://{user if scheme.lower().endswith('ssh') else '****'}@"
