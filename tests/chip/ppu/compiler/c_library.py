"""Drawn programs in C, compiled by gcc into one library and run on the contents of their regions."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

from tests.naive.c_code import C_TYPES, c_text

GCC = shutil.which("gcc")
needs_gcc = pytest.mark.skipif(
    GCC is None, reason="gcc is not installed; it compiles the programs that ours are held against"
)
_INTEGERS = {kind: getattr(ctypes, f"c_{name.removesuffix('_t')}") for kind, name in C_TYPES.items()}


def compile_c(directory, text):
    """Return the library that gcc makes of a C file.

    Raises:
        CalledProcessError: it does not compile; gcc has said why.
    """
    source, library = directory / "programs.c", directory / "programs.so"
    source.write_text(text, encoding="utf-8")
    command = [GCC, "-std=gnu11", "-O1", "-fwrapv", "-w", "-shared", "-fPIC", str(source), "-o", str(library)]
    subprocess.run(command, check=True, timeout=300)
    return ctypes.CDLL(str(library))


class CLibrary:
    """The programs of a list of cases, compiled."""

    def __init__(self, directory, cases):
        self.cases = cases
        self.library = compile_c(directory, c_text([case.code for case in cases]))

    def regions(self, number):
        """Return the regions of one case as its program leaves them after all calls."""
        case = self.cases[number]
        memory = self._memory(case)
        parameters = case.code.main.parameters
        function = getattr(self.library, f"program{number}")
        function.restype = None
        function.argtypes = [ctypes.c_void_p, *(_INTEGERS[parameter.type] for parameter in parameters)]
        for integers in case.calls:
            function(ctypes.byref(memory), *integers)
        return {region.name: np.ctypeslib.as_array(getattr(memory, region.name)) for region in case.code.regions}

    @staticmethod
    def _memory(case):
        fields = [(region.name, _INTEGERS[region.type] * region.length) for region in case.code.regions]
        memory = type("Memory", (ctypes.Structure,), {"_fields_": fields})()
        for name, values in case.contents.items():
            getattr(memory, name)[: len(values)] = values
        return memory
