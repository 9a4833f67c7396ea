"""The vector unit: its registers, and the operations on them."""
