"""Killing, stopping and continuing a real job in real processes, and comparing what is left."""
