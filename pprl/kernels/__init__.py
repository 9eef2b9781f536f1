"""Kernels on bits and numbers; what these mean is the business of other rooms.

SIMD primitives, packed words, bounds, scans, histograms, Dice coefficients.
"""
