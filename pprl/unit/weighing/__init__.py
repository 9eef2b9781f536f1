"""What the agreement of a pair says: one room a profile, behind one interface."""
