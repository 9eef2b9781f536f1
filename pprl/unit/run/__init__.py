"""One run from encoded files to a links folder: open, plan, compare, link, write."""
