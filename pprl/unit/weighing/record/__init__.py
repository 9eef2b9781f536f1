"""The profile ``record``: one filter a record, one similarity a pair."""
