"""The encoded file: its columns and rows, and how it is read and written."""
