"""Bits and numbers without any room's meaning.

SIMD primitives, packed words, bounds, scans, histograms, Dice coefficients.
"""
