"""The two forms of the demo: the one that its text runs, and the one of its long recording.

The demo's text changes the defaults of its helper module, and says that the recording with 250 positions was made
with these defaults as they are: smaller paddles and balls, and noise that fades over 2000 epochs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """What distinguishes the forms.

    Attributes:
        size: positions of the ball, and output neurons.
        shares: of the events of the ball's row that rows at distance 0, 1, ... get.
        factors: reward for a spike at distance 0, 1, ... from the ball; it is -1 farther away. Where it is not
            negative the paddle hits.
        noise_epochs: over which the noise fades to its end.
        update_ns: the slot of the update.
    """

    size: int
    shares: tuple[float, ...]
    factors: tuple[int, ...]
    noise_epochs: int
    update_ns: int

    @property
    def off_diagonal(self) -> int:
        """From which distance on a weight is off the diagonal: beyond twice ball or paddle."""
        return 2 * max(len(self.factors) - 1, len(self.shares)) + 1


VARIANTS = {
    "text": Variant(100, (1.0, 0.8, 0.5, 0.1), (4, 3, 2, 2, 1, 1, 0), 500, 2_500_000),
    "recording": Variant(250, (1.0, 0.7, 0.3), (4, 2, 1, 1, 0), 2_000, 7_000_000),
}
