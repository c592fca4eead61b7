"""Questions about runs: which there are, how they learned, what may follow from them."""
