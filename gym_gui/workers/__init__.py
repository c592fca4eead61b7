"""What workers there are: records made by probing, kept as static files, and how a run is planned from them."""
