"""The agreement: its model, defaults and field types, and the text of a first draft."""
