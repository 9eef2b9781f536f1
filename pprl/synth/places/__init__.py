"""Made-up homes in real towns: a country's tables (`country.py`), and streets, numbers and postcodes (`homes.py`)."""
