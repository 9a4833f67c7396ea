"""From a program's tasks to the intermediate form: ``main``, ``on_timer`` and the like, and what they hand on to.

    def main(self, ppu):
        for batch in range(self.batches):            # self is known: the loop counts to a constant
            if ppu.word("stop"):                     # a variable of 32 bits, one scalar load
                return 1
            yield ppu.run(update, batch)             # the program waits; time passes
            yield from self.write(ppu, batch)        # a routine of its own, with a parameter
        return 0

A task looks like a generator and is compiled like a kernel: what is known when the program is loaded is constant
(:mod:`chip.ppu.compiler.tasks.statics`), everything else are variables of 32 bits. ``yield`` an operation of the
processor to wait for its end, ``yield from`` a method or function that gets ``ppu``; whatever is called with a number
that is not known becomes a routine of the program, one for each set of known arguments. Loops over ranges are loops,
loops over other things that are known are unrolled, and so is a range whose variable has to be known inside.
``ppu.word(region, index)`` reads an element of SRAM, ``ppu.time_base`` the time, a number of 64 bits that can be added,
subtracted and compared. Floats, numpy, lists, attributes that are set and everything else are refused with file and
line.
"""
