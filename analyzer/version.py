"""The version, in the one place from which the package, the page and the plots take it."""

__version__ = "0.1.0"
