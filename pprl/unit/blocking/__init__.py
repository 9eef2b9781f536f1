"""Which pairs are compared.

All, those that share a blocking key, those that share a bucket; and the engines that may do it.
"""
