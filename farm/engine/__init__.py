"""The run itself: which game goes to which slot, what becomes of failures, and the counts. Knows no Ray."""
