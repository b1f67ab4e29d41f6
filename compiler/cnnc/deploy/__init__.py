"""Targets and the tools that build and run for them."""
