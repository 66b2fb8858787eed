"""The HTML of the pages, and what fills it in."""
