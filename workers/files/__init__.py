"""Brings the files that a run needs onto the machine that renders: fetched once, checked, unpacked."""
