"""Terminal output for people: progress, tables, and the options that commands share."""
