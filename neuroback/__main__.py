# SPDX-License-Identifier: MIT
"""``python -m neuroback`` is ``neuroback``."""

import sys

from neuroback.start import main

sys.exit(main())
