"""Tests, and the stand-ins they run against."""
