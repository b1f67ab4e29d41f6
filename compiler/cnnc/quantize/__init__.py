"""From float to int8: ranges, formats, and TFLite's fixed-point arithmetic."""
