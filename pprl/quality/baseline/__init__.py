"""What a standard linkage reaches on the plain files, to stand beside the run."""
