"""How a program gets from one operation to the next: compiled, or, in tests that say so, as a plain generator."""
