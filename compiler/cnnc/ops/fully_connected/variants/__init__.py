"""FullyConnected for instruction sets, one kernel a file."""
