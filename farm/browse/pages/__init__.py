"""The HTML of the browser's pages, and the code that fills it in."""
