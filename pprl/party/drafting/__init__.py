"""A first agreement and its bit budgets, proposed from a look at a file."""
