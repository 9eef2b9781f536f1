"""Engines that compare for a linkage unit that has outgrown one machine. Like the unit, they see encodings only."""
