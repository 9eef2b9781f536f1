"""What the statistician reads and signs: the verdict, the charts, the page."""
