"""Container images that the actors of a run run in, by Ray's own option ``image_uri``; needs podman on the nodes."""

from __future__ import annotations

import re
from typing import Any

#: The variable in which a run's environment names an image.
RAY_IMAGE = "MOSAIC_RAY_IMAGE"
_IMAGES = " (images)"
#: ``[registry[:port]/]path[:tag][@digest]``, as the OCI distribution specification has it, in lower case but the tag.
_IMAGE = re.compile(
    r"(?:[A-Za-z0-9.-]+(?::[0-9]{1,5})?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)


def image_problem(image: str) -> str:
    """Return why a text cannot be the name of a container image, in words; empty: it can.

    Args:
        image: As the user wrote it; empty: none.
    """
    if not image or (len(image) <= 500 and _IMAGE.fullmatch(image)):
        return ""
    return "is not the name of a container image, like registry.example/team/mosaic:1.2"


def actor_options(image: str) -> dict[str, Any]:
    """Return what Ray is asked for besides, for an actor in a container image.

    Args:
        image: The image; empty: none.
    """
    return {"runtime_env": {"image_uri": image}} if image else {}


def connection_name(address: str, image: str) -> str:
    """Return the name of the connection to a cluster that the actors of a run need.

    Ray allows no sources beside an image, and actors have those of their connection: images have one of their own,
    which sends none; MOSAIC is in the image.

    Args:
        address: The cluster's.
        image: The container image of the run's actors; empty: none.
    """
    return address + _IMAGES if image else address


def address_in(name: str) -> tuple[str, bool]:
    """Return the address of the cluster that a connection is to, and whether it is the one for images."""
    return name.removesuffix(_IMAGES), name.endswith(_IMAGES)
