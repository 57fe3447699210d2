"""Proposing a schema for a file: a sample is looked at, then the proposal is proven on all of it.

`sample` reads, `evidence` is what is known of a column, `proposal` decides on a type and widens
it, `source_text` writes it down as Python, `verify` proves it. Nothing is guessed about meaning: a
number is never taken for a date, and a text that would lose something as a number stays a text.
"""
