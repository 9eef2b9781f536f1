"""What is done to a finished filter so that its bits tell less, and what an agreement leaves weak."""
