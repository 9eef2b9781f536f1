"""The encoded file: its columns and rows, and how they are read and written."""
