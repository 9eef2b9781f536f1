"""Slips in a single text: what the standard errors are made of.

`slip.py` says what a slip is; the others are by what they change: letters by the fingers (`keyboard.py`) or by ear and
eye (`spelling.py`), the form of a name (`lettering.py`), dates, addresses.
"""
