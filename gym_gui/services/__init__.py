"""Names that external workers import; MOSAIC's own code uses none of them."""
