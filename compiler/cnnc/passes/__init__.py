"""Rewrites of the two models: one file a pass, run in an ordered tuple and checked after each."""
