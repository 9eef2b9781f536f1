"""Engines under the linkage unit for who has outgrown one machine. They see encodings, as the unit does, no more."""
