"""Where MOSAIC keeps things, and the settings that a user may change."""
