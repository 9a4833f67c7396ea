"""The chip's own errors. Each message is a sentence: what was wrong, which object, actual and limit, what to do."""


class ChipError(RuntimeError):
    """Something the chip, as it was configured, cannot do."""


class ChipLimitError(ChipError, ValueError):
    """A resource of the chip is exhausted.

    Attributes:
        resource: what ran out, for example ``"SRAM of the top PPU"``.
        used, size: what was asked for and what there is, in the same unit.
    """

    def __init__(self, resource: str, used: int, size: int, unit: str, remedy: str):
        super().__init__(resource, used, size, unit, remedy)  # so that it can be copied and pickled
        self.resource, self.used, self.size = resource, used, size

    def __str__(self) -> str:
        resource, used, size, unit, remedy = self.args
        return f"{resource}: {used} {unit} needed, {size} available; {remedy}"


class DeclarationError(ChipError, ValueError):
    """A program or a firmware declares something that cannot be meant."""


class LinkError(ChipError):
    """A transfer over the host link while the chip learns by itself."""


class MachineFault(ChipError):
    """A plasticity processor did what its hardware cannot: a bad address, a division by zero, a runaway loop."""


class LossError(ChipError):
    """Raised in strict mode where events were lost or work came too late."""
