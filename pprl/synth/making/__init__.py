"""From a plan to a folder of files.

`plan.py` is what is asked for, with `groups.py` of people; `fit.py` and `mimic.py` take tables or an agreement of one's
own. `parties.py` readies the parties, `make.py` makes the folder, and `about.py` says what was made.
"""
