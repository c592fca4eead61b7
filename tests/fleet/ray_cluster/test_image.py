"""Container images of actors: checked before a run is written, and alone in what Ray is asked for."""

from __future__ import annotations

import pytest

from gym_gui.fleet.ray_cluster.image import actor_options, address_in, connection_name, image_problem

DIGEST = "a" * 64


@pytest.mark.parametrize(
    "image",
    [
        "", "mosaic", "team/mosaic:1.2", "registry.example:5000/team/mosaic", "localhost/mosaic:Latest_1",
        f"registry.example/mosaic@sha256:{DIGEST}", f"mosaic:1@sha256:{DIGEST}",
    ],
)  # fmt: skip
def test_names_of_images(image: str) -> None:
    assert image_problem(image) == ""


@pytest.mark.parametrize("image", ["my image", "--privileged", "mosaic:", "Mosaic/X", "a;b", "mosaic@sha256:1", "a\nb"])
def test_what_names_no_image(image: str) -> None:
    assert "is not the name of a container image" in image_problem(image)


def test_ray_is_asked_for_the_image_over_a_connection_of_its_own() -> None:
    assert actor_options("mosaic:1") == {"runtime_env": {"image_uri": "mosaic:1"}}
    assert actor_options("") == {}
    assert address_in(connection_name("head:6379", "mosaic:1")) == ("head:6379", True)
    assert address_in(connection_name("head:6379", "")) == ("head:6379", False)
