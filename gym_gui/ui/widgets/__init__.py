"""Dialogs and their parts."""
