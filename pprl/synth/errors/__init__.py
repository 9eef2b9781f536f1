"""How records go wrong: single errors, profiles of them, and applying them to a table."""
