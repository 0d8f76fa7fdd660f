"""Whole studies of real, tiny trainings of which the truth is known."""
