"""What stands in the way of an export."""


class ExportError(ValueError):
    """A program has no C: a sentence says which part of it, and what to do."""
