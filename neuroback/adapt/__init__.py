# SPDX-License-Identifier: MIT
"""Find how to search a folder of alike formulas: ``neuroback adapt``."""
