"""What a person sees in a terminal: progress, tables, and the options that commands share."""
