"""A party's file: who is in it (`members.py`), how the party writes (`forms.py`), and writing it block by block."""
