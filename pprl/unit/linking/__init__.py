"""From weighed pairs to links: rivals, assignment, clusters, and links of an earlier run."""
