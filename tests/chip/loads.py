"""A strategy that tests of a whole chip share: what is loaded onto one."""

from hypothesis import strategies as st

from chip.testing import playback_programs, program_pairs, registers, sample_sets


@st.composite
def loads(draw):
    """What is loaded onto a chip: two programs, registers, samples, events that come by themselves."""
    samples = draw(sample_sets())
    top, bottom = draw(program_pairs(len(samples)))
    stimuli = {"samples": samples, "playback": draw(playback_programs())}
    return {"top": top, "bottom": bottom, "registers": draw(registers()), **stimuli}
