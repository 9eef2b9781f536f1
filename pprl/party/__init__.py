"""The party's side: plaintext and key live here and only here.

The way through the room: ``reading`` (a table's columns, in normal form) -> ``encoding`` (tokens, filters) ->
``hardening``, with ``blocking`` beside it; ``encoding/encode.py`` walks it. ``keys`` holds the secret and the id map,
``drafting`` proposes a first agreement.
"""
