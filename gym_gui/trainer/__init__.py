"""The trainer daemon: takes runs, decides when each starts, keeps their proxies alive, tells clients of them."""
