"""Detects secrets by their names and by the formats of their values, and hides them."""

from __future__ import annotations

import os
import re
from typing import Any

MARK = "${secret}"
"""Stands on record in place of a secret."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Follow the word that decides and say nothing of the value: `PRIVATE_KEY_PEM`, `DB_PASSWORD_2`.
_SUFFIXES = _set(
    "pem b base hex json str string value text raw plain old new prod production staging dev test v default backup"
    " fallback primary secondary main readonly ro rw us eu header"
)
_SECRETS = _set(
    "secret secrets password passwords passwd passphrase passcode credential credentials creds jwt cookie cookies"
    " connectionstring connstr apikey apikeys bearer authorization webhook webhooks"
)
#: Written as one word, `PGPASSWORD` and `githubtoken` among them.
_GLUED = re.compile(
    r"\w*(password|passwd|passphrase|(api|auth|access|secret|private|ssh|encryption)keys?|token)"
    r"|(db|ssh|smtp|ftp|mail|user|root|admin|pg|sql|mysql|redis|mongo)(pass|pwd|pw)"
)
#: Before `key` and `keys`; before `key` alone, any word in capitals will do that is not harmless.
_KEY_KINDS = _set(
    "api access private secret auth account encryption decryption ssh service master license licence signing"
    " deploy storage subscription shared admin root bearer app application client webhook sas ssl tls rsa ecdsa"
    " ed25519 gpg pgp hmac aes jwt vault openai anthropic claude gemini google gcp aws azure mistral cohere groq"
    " together replicate openrouter deepseek perplexity huggingface hf wandb comet neptune clearml mlflow"
    " langchain langsmith github gitlab bitbucket stripe slack telegram discord twilio sendgrid pinecone tavily"
    " serpapi serper kaggle ngc nvidia roboflow pypi npm docker db database redis mongo postgres mysql smtp mail"
    " elastic datadog sentry"
)
_HARMLESS_BEFORE = {
    "key": _set(
        "public primary foreign sort partition cache hot num max min n metric obs observation reward action dict image"
        " index row column map group join lookup config state env environment rng prng random seed layer param feature"
        " label order filter unique composite routing info data batch step episode agent return hash arrow shift ctrl"
        " alt enter escape modifier video frame record name field json yaml"
    ),
    "pass": _set(
        "forward backward single first second third last one two multi per num n max high low band all render by com"
        " optimizer compiler compile test training train eval full each allow no"
    ),
    "pwd": _set("old"),
    "pw": frozenset(),
    "pat": _set("file name search glob path match log include exclude re regex"),
    "token": _set(
        "pad eos bos mask cls sep unk special stop end start begin image audio video text next previous first last per"
        " prefix suffix separator num max min n"
    ),
}
_PAT_KINDS = _set("github gitlab gh gl azure devops ado bitbucket git databricks snowflake")
_AUTH_KINDS = _set("basic http https proxy redis rediscli npm docker registry")


def is_secret_name(name: str) -> bool:
    """Return whether a variable or field of this name holds a secret: ``OPENAI_API_KEY``, ``authToken``, ``DB_PASS``.

    The last word decides, so that ``max_tokens`` and ``tokenizer`` are none; ``key`` alone must be one of something.
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    if words[-3:] == ["access", "key", "id"]:
        return True
    if words[-2:] in (["key", "pem"], ["auth", "header"]):
        return words[-3:-2] != ["public"]
    while len(words) > 1 and (words[-1] in _SUFFIXES or words[-1].isdigit()):
        if words[-2:] == ["connection", "string"]:
            return True
        words.pop()
    if not words:
        return False
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    capitals = name.upper() == name
    if last in _SECRETS or words[-2:] in (["webhook", "url"], ["api", "token"]):
        return True
    if last in ("key", "keys"):
        any_kind = last == "key" and capitals and before and before not in _HARMLESS_BEFORE["key"]
        return bool(before in _KEY_KINDS or any_kind)
    if last == "tokens":
        return before in _KEY_KINDS
    if last == "pat":
        return bool(before in _PAT_KINDS or (capitals and before and before not in _HARMLESS_BEFORE["pat"]))
    if last == "auth":
        return before in _AUTH_KINDS
    if last == "pwd":
        return before not in _HARMLESS_BEFORE["pwd"] and name != "PWD"
    if last in ("pass", "pw", "token"):
        return before not in _HARMLESS_BEFORE[last]
    return _GLUED.fullmatch(last) is not None


_URL = re.compile(
    r"(?<![a-z0-9+.-])(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<user>[^\s/@:?#]*)"
    r"(?P<password>:(?:[^\s/?#]*|(?!\d{1,5}[/?#])[^\s@]*))?@",
    re.IGNORECASE,
)
#: What the makers of tokens and keys let them begin with, so that they are known wherever they stand.
_KNOWN = re.compile(
    r"(?<![\w-])(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,}|glpat-[\w-]{20,}|hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36,}"
    r"|sk-(proj|ant|or|svcacct)-[\w-]{20,}|sk-[A-Za-z0-9]{32,}|xox[abeoprs]-[\w-]{10,}|AIza[\w-]{35}|dckr_pat_[\w-]{20,}"
    r"|pypi-[\w-]{50,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?-----END [A-Z ]*PRIVATE KEY-----|.*)",
    re.DOTALL,
)
#: Signatures in addresses of the big stores: the address alone gives access.
_SIGNATURES = _set("sig signature x-amz-signature x-goog-signature x-amz-security-token")
#: `password=…` of a connection string, or of the query of an address.
_ASSIGNMENT = re.compile(r"(?P<before>[?&;#\s,]|^)(?P<name>[\w.-]+)=(?P<value>'[^']*'|\"[^\"]*\"|[^\s&;,'\"#]+)")


def hide_passwords(text: str) -> str:
    """Return a text with ``****`` in place of the passwords of addresses and connection strings in it, and of tokens
    that show what they are.

    A user without a password stays for ssh alone, where it is only a name: elsewhere it may be an access token.
    """
    if "://" in text and "@" in text:
        text = _URL.sub(_hidden_user, text)
    text = _KNOWN.sub("****", text)
    if "=" in text and ("://" in text or _is_connection_string(text)):
        text = _ASSIGNMENT.sub(_hidden_assignment, text)
    return text


def has_password(text: str) -> bool:
    """Return whether there is a password in an address or connection string within a text."""
    return hide_passwords(text) != text


def _is_connection_string(text: str) -> bool:
    """Return whether a text looks like ``host=h user=u password=p`` or ``Server=h;Password=p``."""
    names = {found["name"].lower() for found in _ASSIGNMENT.finditer(text)}
    return len(names) > 1 and bool(names & {"host", "server", "user", "uid", "dbname", "database", "accountname"})


def _hidden_user(found: re.Match[str]) -> str:
    scheme, user, password = found["scheme"], found["user"], found["password"]
    if MARK in (user, (password or "")[1:]):
        return found[0]
    if password and (len(password) > 1 or not user):
        return f"{scheme}://{user}:****@"
    return f"{scheme}://{user if scheme.lower().endswith('ssh') else '****'}@"


def _hidden_assignment(found: re.Match[str]) -> str:
    secret = is_secret_name(found["name"]) or found["name"].lower() in _SIGNATURES
    value = "****" if secret and found["value"] != MARK else found["value"]
    return f"{found['before']}{found['name']}={value}"


def listed_secrets() -> set[str]:
    """Return the names that the run's config lists as secrets, as this worker was told them."""
    return set(filter(None, os.environ.get("MOSAIC_SECRETS", "").split(",")))


def hide_secrets(value: Any, names: set[str]) -> Any:
    """Return a copy of a payload with :data:`MARK` in place of every secret that its keys tell of.

    Args:
        value: What a worker is about to say of itself, its config often among it.
        names: Keys that hold secrets whatever their values are, beside those that :func:`is_secret_name` knows.
    """
    return _hide(value, names, 0)


def _hide(value: Any, names: set[str], rank: int) -> Any:
    if isinstance(value, dict):
        return {
            key: _hide(item, names, max(rank, 2 if key in names else int(isinstance(key, str) and is_secret_name(key))))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_hide(item, names, rank) for item in value]
    hides = bool(value) if isinstance(value, str) else rank > 1 and value is not None
    if rank and hides:
        return MARK
    return hide_passwords(value) if isinstance(value, str) else value


__all__ = ["MARK", "has_password", "hide_passwords", "hide_secrets", "is_secret_name", "listed_secrets"]
