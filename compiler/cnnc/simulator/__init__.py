"""Run a compiled folder on every engine, compare byte for byte, and measure accuracy."""
