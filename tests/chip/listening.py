"""Who listens to everything that a chip tells, and keeps it."""

from collections import Counter

from chip.base import constants as c
from chip.base.feed import Follower

PROCESSORS = (c.TOP, c.BOTTOM)


class Everything(Follower):
    """Listens to everything of some of a chip's processors, and of the chip itself.

    Attributes:
        operations: (hemisphere, time in ns, operation); parts: the same of what a follower is told.
        places: (hemisphere, region, first byte, a copy of the bytes); stretches: (hemisphere, from, horizon, code).
        conversions, posts, samples: as they are told; counts: how many there are of each kind.
    """

    def __init__(self, chip, processors=PROCESSORS):
        self.operations, self.parts, self.places, self.stretches = [], [], [], []
        self.conversions, self.posts, self.samples = [], [], []
        self.open = {}  # stretches and operations that have begun and not come to anything, by hemisphere
        for hemisphere in processors:
            chip.feed.operations[hemisphere].append(self.look)
            chip.feed.programs[hemisphere].append(self)
            chip.feed.places[hemisphere].append(self.note_place)
        chip.feed.conversions.append(self.conversions.append)
        chip.feed.posts.append(self.posts.append)
        chip.feed.samples.append(lambda *sample: self.samples.append(sample))

    @property
    def counts(self):
        names = ("operations", "parts", "places", "stretches", "conversions", "posts", "samples")
        return Counter({name: len(getattr(self, name)) for name in names})

    def look(self, ppu, operation):
        self.operations.append((ppu.hemisphere, ppu.start_ns, operation))

    def note_place(self, ppu, region, first, values):
        self.places.append((ppu.hemisphere, region, first, values.copy()))

    def goes_on(self, ppu, now_ns, horizon_ns):
        assert now_ns < horizon_ns and ppu.hemisphere not in self.open
        self.open[ppu.hemisphere] = now_ns, horizon_ns

    def came_to(self, ppu, now_ns, horizon_ns, code):
        assert self.open.pop(ppu.hemisphere) == (now_ns, horizon_ns)
        self.stretches.append((ppu.hemisphere, now_ns, horizon_ns, code))

    def begins(self, ppu, operation):
        assert ppu.hemisphere not in self.open
        self.open[ppu.hemisphere] = operation
        self.parts.append((ppu.hemisphere, ppu.start_ns, operation))

    def has_begun(self, ppu, operation):
        assert self.open.pop(ppu.hemisphere) is operation
