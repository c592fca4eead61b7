"""Runs on the nodes of a Ray cluster: one actor for each attempt, and the driver process that talks to them.

``actor`` and ``guard`` run on a node, ``driver`` is the one process that connects to Ray, ``clusters`` is the daemon's
side, which starts the driver and answers what comes through it. The daemon itself never imports ``ray``.
"""
