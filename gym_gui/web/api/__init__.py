"""Routes of the HTTP interface, ``/api/v1``: each reads its request, asks the daemon, and writes the answer."""
