"""One window as a loader gives it: how it is asked for, and what a page shows of it."""
