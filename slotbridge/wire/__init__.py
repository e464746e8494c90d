"""Formats: pure functions between bytes and plain values. No Django, no database."""
