"""The ground that every room stands on.

Errors, outputs, unfinished runs, threads, resources, words. Imports nothing of ours.
"""
