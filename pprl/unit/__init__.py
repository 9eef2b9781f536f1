"""The blind side: blocking -> comparing -> linking. No key and no field values ever reach this room."""
