"""The parties' secret key, and the id map that leads from pseudonyms back to a party's own ids."""
