"""How records go wrong.

`error_type.py` says what one kind of error is and `catalogue.py` lists the standard ones, made of `slips/`, `life.py`,
`placeholders.py`, `remnants.py` and a language's `lexicon.py`. `profiles.py` has their rates. `rates.py` turns what is
asked for into a plan of errors, `corruptor.py` makes them in a block of records, and `apply.py` in a table.
"""
