# SPDX-License-Identifier: MIT
"""``python -m neuroback`` is ``neuroback``."""

import sys

from neuroback.cli import main

sys.exit(main())
