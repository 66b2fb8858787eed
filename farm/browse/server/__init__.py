"""The web server: addresses, what answers them, and what keeps strangers out."""
