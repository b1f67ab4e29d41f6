"""Conv2d for instruction sets, one kernel a file."""
