"""Who renders what, where, and what is left."""
