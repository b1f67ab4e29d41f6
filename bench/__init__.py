"""Benchmarks and proofs over whole networks."""
