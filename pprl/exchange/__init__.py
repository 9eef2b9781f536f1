"""What crosses the wall, and nothing else does: the agreement, the encoded file and the links.

This room imports none of the others. It holds formats and their strict readers, no algorithm and no secret.
"""
