"""From the quantized model to C files and a .tflite."""
