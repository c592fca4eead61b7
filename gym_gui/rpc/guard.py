"""Turns MOSAIC's errors into gRPC statuses at the edge of the service, so that no method has to."""

from __future__ import annotations

import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import grpc

from gym_gui.core.worker.errors import MosaicError
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_DAEMON_CALL_FAILED
from gym_gui.rpc.channel import CLIENT_KEY
from gym_gui.rpc.faults import DETAIL_KEY, detail_of, status_of, status_text
from gym_gui.rpc.requests import check_request

logger = logging.getLogger(__name__)

Request = TypeVar("Request")
Response = TypeVar("Response")
Context = grpc.aio.ServicerContext[Any, Any]


def answers(
    method: Callable[[Any, Request], Awaitable[Response]],
) -> Callable[[Any, Request, Context], Awaitable[Response]]:
    """Guard a method that answers once, when the runs were read; it need not take the call's context."""

    @functools.wraps(method)
    async def guarded(self: Any, request: Request, context: Context) -> Response:
        async def answer() -> Response:
            await self.loading.wait()
            return await method(self, request)

        return await _answer(answer, request, context)

    return guarded


def answers_at_once(
    method: Callable[[Any, Request], Awaitable[Response]],
) -> Callable[[Any, Request, Context], Awaitable[Response]]:
    """Guard a method that answers once, and that needs to know of no run."""

    @functools.wraps(method)
    async def guarded(self: Any, request: Request, context: Context) -> Response:
        return await _answer(lambda: method(self, request), request, context)

    return guarded


def answers_client(
    method: Callable[[Any, Request, str], Awaitable[Response]],
) -> Callable[[Any, Request, Context], Awaitable[Response]]:
    """Guard a method that answers once, and takes what tells its client from others (empty: nothing does)."""

    @functools.wraps(method)
    async def guarded(self: Any, request: Request, context: Context) -> Response:
        async def answer() -> Response:
            await self.loading.wait()
            return await method(self, request, _client_of(context))

        return await _answer(answer, request, context)

    return guarded


def streams(
    method: Callable[[Any, Request], AsyncIterator[Response]],
) -> Callable[[Any, Request, Context], AsyncIterator[Response]]:
    """Guard a method that answers with a stream; it need not take the call's context."""

    @functools.wraps(method)
    async def guarded(self: Any, request: Any, context: Context) -> AsyncIterator[Response]:
        try:
            check_request(request)
            given: Any = _checked(request) if isinstance(request, AsyncIterator) else request
            await self.loading.wait()
            async for response in method(self, given):
                yield response
        except MosaicError as error:
            await _abort(context, error)
        except Exception as error:  # noqa: BLE001 - the edge: nothing above could do more about it
            await _abort_unexpected(context, error)

    return guarded


async def _checked(requests: AsyncIterator[Request]) -> AsyncIterator[Request]:
    async for request in requests:
        check_request(request)
        yield request


async def _answer(answer: Callable[[], Awaitable[Response]], request: object, context: Context) -> Response:
    try:
        check_request(request)
        return await answer()
    except MosaicError as error:
        await _abort(context, error)
    except Exception as error:  # noqa: BLE001 - the edge: nothing above could do more about it
        await _abort_unexpected(context, error)


def _client_of(context: Context) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == CLIENT_KEY:
            return str(value)
    peer = context.peer()
    return "" if peer.startswith("unix:") else peer  # all that come through a Unix socket look alike


async def _abort(context: Context, error: MosaicError) -> NoReturn:
    await context.abort(status_of(error), status_text(error), ((DETAIL_KEY, detail_of(error)),))


async def _abort_unexpected(context: Context, error: Exception) -> NoReturn:
    log_constant(logger, LOG_DAEMON_CALL_FAILED, exc_info=error)
    await context.abort(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}"[:500])
