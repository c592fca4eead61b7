"""Names that workers written elsewhere import; the trainer itself is :mod:`gym_gui.trainer`."""
