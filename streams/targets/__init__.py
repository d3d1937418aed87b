"""Targets: which one stands, what is left of it while people are away, how it is broken down, how far along it is."""
