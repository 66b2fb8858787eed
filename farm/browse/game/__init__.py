"""The data for the page of one game, and for the page that compares one game in two datasets."""
