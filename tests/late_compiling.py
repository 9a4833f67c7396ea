"""Tasks that are compiled when a run is long, not when they are loaded.

Constants of a firmware are in the text of its tasks, so that a host compiles them anew for each number of samples or
epochs: seconds, for runs that take a tenth of one in plain Python. Kernels are compiled as ever, and so are the tasks
of the long trainings.
"""

from contextlib import contextmanager
from unittest import mock

from chip.ppu.processor.flows import compiled
from host import Host

LIMITS, TIMES_LATER = ("ROUNDS_BEFORE_COMPILING", "CYCLES_BEFORE_COMPILING"), 10


@contextmanager
def late_compiling():
    """Within, a host leaves tasks to their flows when it loads, and those take more rounds in plain Python.

    Gives how a host compiles otherwise, a method.
    """
    compile_all = Host._compile

    def compile_kernels(host, progress):
        with mock.patch.object(compiled.CompiledFlow, "compile", lambda flow: None):
            compile_all(host, progress)

    later = {name: TIMES_LATER * getattr(compiled, name) for name in LIMITS}
    with mock.patch.object(Host, "_compile", compile_kernels), mock.patch.multiple(compiled, **later):
        yield compile_all
