"""Shows one window as a loader gives it: reads what a user asks for, and makes the data of the page."""
