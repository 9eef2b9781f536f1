"""What crosses the wall, and nothing else does: the agreement, the encoded file and the links.

This room imports only the ground (:mod:`pprl.base`). It holds formats and their strict readers, but no algorithm and no
secret.
"""
