<<<<<<< HEAD
"""Conv2d for instruction sets, one kernel a file."""
=======
"""Kernels of Conv2d for instruction sets, one file each."""
>>>>>>> main
