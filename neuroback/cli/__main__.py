# SPDX-License-Identifier: MIT
"""``python -m neuroback.cli`` is ``neuroback``."""

import sys

from neuroback.start import main

sys.exit(main())
