"""Workflows: code that survives anything, and what it can do."""
