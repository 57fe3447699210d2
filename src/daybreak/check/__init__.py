"""Looking at all data before the work, and keeping what a task gave. Import the module."""
