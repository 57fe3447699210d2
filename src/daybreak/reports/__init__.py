"""What people look at: progress, summaries, failures, tables; and what programs read: JSON lines.

Nothing here decides anything. `events` in, text out; the command line chooses who listens.
"""
