"""The FPGA beside the chip: external memory, playback, trace buffer; sample player and spike writer.

Player and writer are *assumed* gateware, as every report says: on today's chip recorded spikes go to the host's trace
buffer and stimuli are played at times of their own, by a straight-line playback program. Both can be switched off in
:class:`chip.base.config.FpgaConfig`; a program that uses a missing one faults.
"""

from chip.fpga.executor import PlaybackExecutor
from chip.fpga.memory import BLOCK_RAM_BASE, DRAM_BASE, ExternalMemory
from chip.fpga.playback import PlaybackProgram
from chip.fpga.player import SamplePlayer
from chip.fpga.samples import SampleSet
from chip.fpga.writer import (
    RECORD_BYTES,
    RECORD_HEADER_WORDS,
    RECORD_SLOTS,
    RECORD_SPIKES,
    SpikeWriter,
    record_address,
)

__all__ = [
    "BLOCK_RAM_BASE",
    "DRAM_BASE",
    "RECORD_BYTES",
    "RECORD_HEADER_WORDS",
    "RECORD_SLOTS",
    "RECORD_SPIKES",
    "ExternalMemory",
    "PlaybackExecutor",
    "PlaybackProgram",
    "SamplePlayer",
    "SampleSet",
    "SpikeWriter",
    "record_address",
]
