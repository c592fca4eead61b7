"""What all routes share: the daemon's client, the role that a call needs, texts that stand in addresses."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, Request

from gym_gui.core.worker.errors import MosaicError
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.web.access import Holder, Role


class ForbiddenError(MosaicError):
    """A token does not allow a call."""


async def client_of(request: Request) -> AsyncTrainerClient:
    """Return the daemon's client."""
    client: AsyncTrainerClient = await request.app.state.backend.client()
    return client


def needs(role: Role) -> Any:
    """Return a dependency that refuses tokens without a role, and gives the holder."""

    def holder_of(request: Request) -> Holder:
        holder: Holder = request.state.holder
        check_role(holder, role)
        return holder

    return Depends(holder_of)


def check_role(holder: Holder, role: Role) -> None:
    """Refuse a token without a role.

    Raises:
        ForbiddenError: It has another.
    """
    if holder.role < role:
        name = role.name.lower()
        raise ForbiddenError(
            f"this token allows no more than to {holder.role.name.lower()}",
            where=holder.name,
            next_step=f"use a token with the role {name}: mosaic web tokens add NAME --role {name}",
        )


Client = Annotated[AsyncTrainerClient, Depends(client_of)]
Reader = Annotated[Holder, needs(Role.READ)]
Runner = Annotated[Holder, needs(Role.RUN)]
Admin = Annotated[Holder, needs(Role.ADMIN)]
RunId = Annotated[str, Path(description="A run's id", min_length=26, max_length=26, pattern="^[0-9A-HJKMNP-TV-Z]{26}$")]
JobId = Annotated[str, Path(description="A job's id", min_length=26, max_length=26, pattern="^[0-9A-HJKMNP-TV-Z]{26}$")]
