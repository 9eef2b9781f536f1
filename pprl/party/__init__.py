"""The party's side: plaintext and key live here and only here.

The way through the room: ``people`` (a table's columns) -> ``normalise`` -> ``tokens`` -> ``filters`` ->
``hardening``; ``blocking_keys`` beside it; ``encode`` walks it.
"""
