"""What a party's file holds and how it is written."""
