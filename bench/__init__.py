"""Measurements, not tests: what a report costs, and how fast it is answered."""
