# SPDX-License-Identifier: MIT
"""Backbones: extraction, the order of its questions, and a check by another solver.

The package is called by the plural because ``neuroback.backbone`` is the public function.
"""
