"""int8 .tflite files: read into records, then straight into a ``QuantModel``."""
