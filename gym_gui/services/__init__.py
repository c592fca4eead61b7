"""Names that workers written elsewhere import; MOSAIC's own code uses none of them."""
