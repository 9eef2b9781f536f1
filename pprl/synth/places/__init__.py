"""Made-up homes: countries, towns, streets and the words they are made of."""
