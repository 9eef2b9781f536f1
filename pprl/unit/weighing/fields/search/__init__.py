"""Finding the pairs of the profile ``fields`` whose weight may reach a floor."""
