"""A firmware looked at before it runs: memory, code, cycles, where its network lies; exported as C."""
