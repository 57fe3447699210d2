"""The door: the names that users import, and nothing else."""
