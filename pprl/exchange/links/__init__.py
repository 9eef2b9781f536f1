"""The links folder: its tables and its run record, and how they are read and written."""
