"""How the analog core's functions are compiled.

None of them allocates, so they do without numba's reference counting, which would cost more than the work of a grid
step. ``inner`` is for functions that only compiled code calls: they get no wrapper for Python, which halves the time to
compile. ``inlined`` is for those with one caller: handing over the many arrays of a core would cost as much as a grid
step. With ``NUMBA_DISABLE_JIT=1`` all are plain Python functions.
"""

from __future__ import annotations

from chip.base.compiled import compiled

outer = compiled(_nrt=False)
inner = compiled(_nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
inlined = compiled(_nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True)
