"""How much made-up files look like real ones: figures, disclosure control, the look-alike page."""
