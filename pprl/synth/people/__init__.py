"""Made-up people: who lives with whom, what they are called, and the population that joins them with homes.

`household_kinds.py` -> `households.py` (sexes, ages, twins) -> `naming.py`, from the tables of `names.py` ->
`population.py`, which writes people out in the fields of `fields.py`, names in Han characters (`han.py`) if asked.
`relatives.py` says who is related to whom.
"""
