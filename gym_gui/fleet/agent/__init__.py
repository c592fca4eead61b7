"""The agent of a machine: takes runs from a server, carries them out, ships what they write home.

Standard library alone, Python 3.8 and later.
"""
