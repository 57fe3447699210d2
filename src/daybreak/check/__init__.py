"""Looking at all data before the work, and keeping what a task gave; its parts are heavy."""
