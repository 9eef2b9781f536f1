"""The version, in one place."""

__all__ = ["SOFTWARE", "VERSION"]

VERSION = "0.1.0"
SOFTWARE = f"pprl-kit {VERSION}"
