"""Keyed blocking keys: made from values by the party, compared by the unit without their meaning."""
