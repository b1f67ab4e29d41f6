"""What is told about a compiled network."""
