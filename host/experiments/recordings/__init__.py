"""What the vendor's figures show that were recorded on the chip, a module for each demo."""
