"""The version of the package: that of the library which it is made for."""

__version__ = "0.1.0"
