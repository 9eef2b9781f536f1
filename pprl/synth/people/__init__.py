"""Made-up people: names that fit their age and origin, households, dates of birth, what happens in a life."""
