"""A script of the user's own CleanRL checkout, run as a process of its own and listened to."""
