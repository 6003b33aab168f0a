# SPDX-License-Identifier: MIT
"""Find the best configuration for a folder of alike formulas: ``neuroback adapt``."""
