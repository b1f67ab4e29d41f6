"""From an ONNX file to a ``FloatModel``."""
