"""The pictures: reading, marking and decoding H.264, and showing it to people."""
