"""Requests to an OpenAI-compatible endpoint: retried, limited, counted."""

from __future__ import annotations

import random
import time
from typing import Any, NamedTuple

import openai

from .config import BalrogWorkerConfig
from .errors import EndpointError, key_of
from .prompts import Message
from .sdk import log_constant, log_constants
from .spending import Spending

#: Bytes of text that count as a token where the endpoint does not say how many there were: fewer than most texts have.
BYTES_PER_TOKEN = 3
#: Tokens that a picture counts as then.
PICTURE_TOKENS = 1000
#: Seconds that one pause between tries takes at most.
MAX_PAUSE_S = 60.0
_PASSING = (408, 409, 425, 429)


class Reply(NamedTuple):
    """A model's reply."""

    text: str
    tokens_in: int
    tokens_out: int
    latency_s: float
    retries: int
    estimated: bool = False
    """The endpoint did not say how many tokens they were."""


class ModelClient:
    """Asks a model.

    Args:
        config: Names endpoint and model, and how patient to be.
        spending: Counts requests.
        seed: Of the jitter of pauses, and of the endpoint's sampling.
        logger: Takes log records.
    """

    def __init__(self, config: BalrogWorkerConfig, spending: Spending, seed: int, logger: Any) -> None:
        self._config, self._spending, self._seed, self._logger = config, spending, seed, logger
        self._client = openai.OpenAI(
            base_url=config.base_url,
            api_key=key_of(config) or "none",  # local endpoints need none, and the library wants one
            timeout=config.timeout_s,
            max_retries=0,  # retried below, where it is counted
        )
        self._random = random.Random(seed)
        self._next_at = 0.0
        self._said_estimated = False

    def ask(self, messages: list[Message], response_format: dict[str, Any] | None = None) -> Reply:
        """Return the model's reply.

        Args:
            messages: The prompt.
            response_format: What the reply has to be.

        Raises:
            EndpointError: The endpoint is down, slow, refuses, or answers with something else, at every try.
        """
        retries = 0
        while True:
            self._wait_for_rate()
            began = time.perf_counter()
            try:
                reply = self._ask_once(messages, response_format, began, retries)
            except (openai.APIError, EndpointError) as error:
                fault = error if isinstance(error, EndpointError) else self._fault(error, retries)
                passes = fault.details["kind"] != "refused"
                log_constant(
                    self._logger,
                    log_constants.LOG_WORKER_BALROG_LLM_ERROR,
                    run_id=self._config.run_id,
                    error=str(fault.what),
                    retries=retries,
                )
                if not passes or retries >= self._config.retries:
                    raise fault from None
                self._pause(retries, error)
                retries += 1
                continue
            self._spending.add(
                tokens_in=reply.tokens_in,
                tokens_out=reply.tokens_out,
                latency_s=reply.latency_s,
                retries=retries,
                estimated=reply.estimated,
            )
            if reply.estimated and not self._said_estimated:
                self._said_estimated = True
                self._logger.warning(
                    "The endpoint does not report how many tokens its replies used: they are estimated, one for %d "
                    "bytes of text, and so are cost and budget.",
                    BYTES_PER_TOKEN,
                )
            return reply

    def models(self) -> list[str]:
        """Return the names of the endpoint's models; empty if it lists none.

        Raises:
            EndpointError: It cannot be reached, or refuses the key.
        """
        try:
            return [model.id for model in self._client.with_options(timeout=10.0).models.list().data or []]
        except openai.NotFoundError:
            return []
        except openai.APIError as error:
            raise self._fault(error, 0) from None
        except (AttributeError, TypeError, ValueError):
            return []

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def _ask_once(
        self, messages: list[Message], response_format: dict[str, Any] | None, began: float, retries: int
    ) -> Reply:
        config = self._config
        options: dict[str, Any] = {"response_format": response_format} if response_format else {}
        if config.extra_body:
            options["extra_body"] = config.extra_body
        try:
            answer: Any = self._client.chat.completions.create(
                model=config.model,
                messages=messages,  # type: ignore[arg-type]
                temperature=config.temperature,
                max_tokens=config.max_reply_tokens,
                seed=self._seed,
                **options,
            )
            message = answer.choices[0].message
            reasoning = str(getattr(message, "reasoning_content", None) or "")
            text = str(message.content or reasoning)
        except (AttributeError, TypeError, IndexError, ValueError) as error:
            raise EndpointError(
                "The endpoint answered with something that is no chat completion.",
                config,
                why=f"{type(error).__name__}: {error}",
                next_step="Check base_url: it ends with /v1 in most cases.",
                kind="nonsense",
            ) from None
        latency = time.perf_counter() - began
        usage = getattr(answer, "usage", None)
        tokens_in, tokens_out = (_count(usage, name) for name in ("prompt_tokens", "completion_tokens"))
        written = reasoning if text == reasoning else reasoning + text
        estimated = not tokens_in or (not tokens_out and bool(written)) or tokens_out is None
        if estimated:
            tokens_in, tokens_out = tokens_in or _tokens_of(messages), tokens_out or estimate_tokens(written)
        return Reply(text, tokens_in or 0, tokens_out or 0, latency, retries, estimated)

    def _fault(self, error: openai.APIError, retries: int) -> EndpointError:
        """Return what a library's error means."""
        config = self._config
        tries = f" ({retries + 1} tries)" if retries else ""
        if isinstance(error, openai.APITimeoutError):
            return EndpointError(
                f"The endpoint did not answer within {config.timeout_s:g} s{tries}.",
                config,
                why="it is overloaded, or the model is slow",
                next_step="Raise timeout_s, lower max_reply_tokens, or choose a smaller model.",
                kind="slow",
            )
        if isinstance(error, openai.APIConnectionError):
            return EndpointError(
                f"The endpoint cannot be reached{tries}.",
                config,
                why=str(error.__cause__ or error),
                next_step="Start the endpoint, or correct base_url.",
                kind="unreachable",
            )
        status = getattr(error, "status_code", 0)
        why = f"HTTP {status}: {' '.join(str(error.message).split())[:500]}" if status else str(error)[:500]
        if status == 429:
            return EndpointError(
                f"The endpoint refuses requests for their rate, or the account's limit{tries}.",
                config,
                why=why,
                next_step="Set requests_per_minute, raise retries, or check the account.",
                kind="rate_limited",
            )
        if status in (401, 403):
            return EndpointError(
                "The endpoint refuses the key.",
                config,
                why=why,
                next_step=f"Set the environment variable {config.api_key_variable} to a valid key.",
                kind="refused",
            )
        if status >= 500 or status in _PASSING or not status:
            return EndpointError(
                f"The endpoint failed{tries}.",
                config,
                why=why,
                next_step="Look into the log of the endpoint, or raise retries.",
                kind="nonsense" if not status else "unreachable",
            )
        return EndpointError(
            "The endpoint refuses the request.",
            config,
            why=why,
            next_step="Check model, reply_format, images and extra_body.",
            kind="refused",
        )

    def _wait_for_rate(self) -> None:
        if self._config.requests_per_minute:
            pause = self._next_at - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            self._next_at = max(self._next_at, time.monotonic()) + 60.0 / self._config.requests_per_minute

    def _pause(self, retries: int, error: Exception) -> None:
        """Wait before the next try: as long as the endpoint says, else longer each time, with jitter."""
        wanted = _retry_after(error)
        longest = min(self._config.backoff_s * 2**retries, MAX_PAUSE_S)
        time.sleep(min(wanted, MAX_PAUSE_S) if wanted is not None else self._random.uniform(longest / 2, longest))


def estimate_tokens(text: str) -> int:
    """Return how many tokens a text has, about, and rather too many than too few.

    Args:
        text: Any text.
    """
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


def _tokens_of(messages: list[Message]) -> int:
    """Return how many tokens a prompt has, about."""
    tokens = 0
    for message in messages:
        content = message["content"]
        parts = [{"text": content}] if isinstance(content, str) else content
        tokens += sum(estimate_tokens(part["text"]) if "text" in part else PICTURE_TOKENS for part in parts)
    return tokens


def _count(usage: Any, name: str) -> int | None:
    """Return a number of tokens that an endpoint reports; ``None`` if it reports none."""
    value = getattr(usage, name, None)
    return max(0, value) if isinstance(value, int) else None


def _retry_after(error: Exception) -> float | None:
    response = getattr(error, "response", None)
    try:
        return max(0.0, float(response.headers["retry-after"])) if response is not None else None
    except (KeyError, ValueError):
        return None
