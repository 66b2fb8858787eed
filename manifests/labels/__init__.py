"""Labels of what a picture shows and of what happens, worked out from the state alone."""
