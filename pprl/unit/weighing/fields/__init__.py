"""The profile ``fields``: one filter a field, and weights that the unit estimates from the encodings alone.

The way through the folder: distinct values (:mod:`.values`) -> levels of agreement (:mod:`.levels`) -> how often each
pattern of levels occurs (:mod:`.patterns`) -> classes of pairs and their m- and u-probabilities (:mod:`.classes`,
:mod:`.mixture`) -> the weight of every pair (:mod:`.model`, :mod:`.scan`).
"""
