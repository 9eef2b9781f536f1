"""The plan of a population and the making of its files; tables fitted to a file of one's own."""
