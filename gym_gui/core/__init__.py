"""Ground floor shared by workers and by MOSAIC itself."""
