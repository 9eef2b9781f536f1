"""From a party's table to values in normal form, one rule a field type."""
