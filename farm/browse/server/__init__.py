"""The browser's web server: its addresses, the code that answers them, and protection from strangers."""
