"""Virtual environments that hold one worker each: built beside the one in use, and swapped in when they work."""
