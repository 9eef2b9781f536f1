"""The clear-text baseline: what a textbook linkage reaches on the plain files, to compare the run with."""
