"""Environment variables and video modes of external workers; MOSAIC does not set them."""

from __future__ import annotations


class TelemetryEnv:
    """Variables that request frames through shared memory; unset means no frames."""

    FASTLANE_ONLY = "GYM_GUI_FASTLANE_ONLY"
    FASTLANE_SLOT = "GYM_GUI_FASTLANE_SLOT"
    FASTLANE_VIDEO_MODE = "GYM_GUI_FASTLANE_VIDEO_MODE"
    FASTLANE_GRID_LIMIT = "GYM_GUI_FASTLANE_GRID_LIMIT"
    CLEANRL_INTERVAL_MS = "CLEANRL_FASTLANE_INTERVAL_MS"
    CLEANRL_MAX_DIM = "CLEANRL_FASTLANE_MAX_DIM"
    LEGACY_FASTLANE_ENABLED = "FASTLANE_ENABLED"
    LEGACY_FASTLANE_SLOT = "FASTLANE_SLOT"


class VideoModes:
    """Values of ``TelemetryEnv.FASTLANE_VIDEO_MODE``."""

    SINGLE = "single"
    GRID = "grid"
    OFF = "off"


__all__ = ["TelemetryEnv", "VideoModes"]
