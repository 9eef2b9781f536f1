"""From values in normal form to Bloom filters in an encoded file."""
