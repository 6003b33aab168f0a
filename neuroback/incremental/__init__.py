# SPDX-License-Identifier: MIT
"""The parts of ``Solver``, one purpose each."""
