"""How far made-up files are from real ones.

`figures.py` measures a file, of the form in `figures_file.py`, under the rules of `disclosure.py`; `differences.py`
does so for pairs of records. `gaps.py` compares the figures of two files, and `report.py` makes the page of it.
"""
