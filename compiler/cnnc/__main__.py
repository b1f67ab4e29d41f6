"""``python -m cnnc``."""

import sys

from cnnc.cli import main

sys.exit(main())
