"""cnnc: compile trained ONNX CNNs to int8 C and prove that the C is right."""

__version__ = "0.1.0"
