"""The web dashboard: pages for browsers, and the HTTP interface that they use. A client of a daemon anywhere."""
