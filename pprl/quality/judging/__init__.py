"""How good links are: truth, rates, curves, gates."""
