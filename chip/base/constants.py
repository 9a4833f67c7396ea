"""Every width, count and cycle cost of the chip, one line each, with its source.

Sources: ``halco``, ``haldls``, ``libnux``, ``grenade``, ``nux`` are the vendor's public repositories.
"measured" means the vendor's own timing tests (libnux ``test_speed_memory.cpp``), "derived" means arithmetic on
vendor figures, "assumed" means that no public source gives the number: it is a parameter, not a claim.
"""

# ------------------------------------------------------------------ time (all times are integer nanoseconds)
PPU_CLOCK_NS = 4  # 250 MHz (haldls pll.h defaults)
FPGA_CLOCK_NS = 8  # 125 MHz; the resolution of chip_time (haldls systime)
EVENT_CLOCK_NS = 4  # 250 MHz event fabric and background clock (haldls background tests)
END_NS = 1 << 46  # 19.5 h: the simulation has no time from here on, where the keys of its events end

# ------------------------------------------------------------------ topology
HEMISPHERES = 2  # halco SynramOnDLS
TOP, BOTTOM = 0, 1
COLUMNS = 256  # synapse columns and neurons of a hemisphere (halco SynapseOnSynapseRow)
NEURONS = HEMISPHERES * COLUMNS  # halco AtomicNeuronOnDLS
ROWS = 256  # synapse rows of a hemisphere (halco SynapseRowOnSynram)
DRIVERS = 128  # synapse drivers of a hemisphere, two rows each (halco SynapseDriverOnSynapseDriverBlock)
PADI_BUSSES = 4  # of a hemisphere (halco PADIBusOnPADIBusBlock)
DRIVERS_PER_BUS = 32  # bus(d) = d % 4, index on bus = d // 4 (halco synapse_driver.cpp)
LANES = 128  # vector lanes of a PPU; lane l of half p is column 2 l + p (libnux dls.tcc)
SYNAPSES_PER_WORD = 4  # adjacent columns of a row that one word of the host's bus writes (haldls SynapseWeightQuad)
HALVES = 2  # a row is two vectors: EVEN columns, then ODD columns
EVEN, ODD = 0, 1

# ------------------------------------------------------------------ widths
WEIGHT_MAX = 63  # 6 bit (libnux dls_weight_mask 0x3f)
LABEL_MAX = 63  # synapse label, 6 bit (halco SynapseLabel)
CADC_MAX = 255  # 8 bit (haldls CADCSampleQuad)
CADC_OFFSET_MIN, CADC_OFFSET_MAX = -128, 127  # what a channel adds to its reading (haldls CADCChannelConfig)
CAPMEM_MAX = 1022  # capacitor memory, 10 bit; 1023 switches the refresh of a cell off (haldls capmem.h)
NEURON_LABEL_MASK = 0x3FFF  # what the crossbar compares, below 2 bits of SPL1 address (halco event.h)
SPL1_SHIFT = 14  # of that address: of a neuron's spike its event output % 4 (grenade, labels of recorded spikes)
ROW_SELECT_SHIFT, ROW_SELECT_MASK = 6, 0x1F  # bits 6..10 of a label select the driver on its PADI bus
NEURON_OUTPUT_SHIFT = 8  # bits 8..10: the neuron event output, column // 32 (halco neuron.cpp)
NEURON_OUTPUTS = 8
COLUMNS_PER_OUTPUT = 32
BACKGROUND_GENERATORS = 8  # halco BackgroundSpikeSourceOnDLS

# ------------------------------------------------------------------ neurons
DEFAULT_DISTANCE_LSB = 45  # threshold 125 above leak 80, the software defaults (hxtorch types.py)

# ------------------------------------------------------------------ crossbar (halco routing_crossbar.h)
CROSSBAR_INPUTS = 20  # 0-7 neuron outputs, 8-11 from the FPGA, 12-19 background sources
CROSSBAR_OUTPUTS = 12  # 0-3 PADI top, 4-7 PADI bottom, 8-11 to the FPGA
CROSSBAR_FPGA_IN = 8
CROSSBAR_BACKGROUND_IN = 12
CROSSBAR_FPGA_OUT = 8

# ------------------------------------------------------------------ memories of the PPUs and the FPGA
SRAM_BYTES = 16 * 1024  # per PPU, code, data, stack and mailbox together (halco PPUMemoryWordOnPPU)
BLOCK_RAM_BYTES = 128 * 1024  # external memory in the FPGA (libnux elf32nux.x)
DRAM_BYTES = 256 * 1024 * 1024  # external memory behind the FPGA (libnux elf32nux.x)
VECTOR_BYTES = 128  # libnux dls_vector_size
WORD_BYTES = 4  # of the scalar core and the Omnibus (Power ISA)
VECTOR_REGISTERS = 32

# ------------------------------------------------------------------ bus costs, in PPU cycles
WEIGHT_LOAD_CYCLES = 20  # one half row, 128 x 8 bit, with sync (measured, +- 2)
WEIGHT_STORE_CYCLES = 20  # measured, +- 2
SRAM_VECTOR_LOAD_CYCLES = 49  # measured, +- 5
SRAM_VECTOR_STORE_CYCLES = 47  # measured, +- 5
EXTERNAL_STORE_CYCLES = 38  # one vector, posted (measured, +- 4)
EXTERNAL_STORE_SUSTAINED_CYCLES = 88  # each further vector of a burst (derived: 16 vectors take 1406)
EXTERNAL_LOAD_CYCLES = 344  # one vector (measured, +- 35; the vendor has since disabled that test)
NEURON_RESET_CYCLES = 20  # measured, +- 2
CADC_READ_CYCLES = 410  # trigger, convert, read one vector (measured, +- 41)
CADC_BUFFERED_READ_CYCLES = 20  # a further vector of the same conversion (derived)
CORRELATION_BASELINE_LSB = 200.0  # what a sensor without correlation reads (assumed; calix: reliable up to 210)
CORRELATION_SATURATION_LSB = 170.0  # down to the reliable range's other end, 30 LSB (assumed)
ROW_BASELINE_SHARE = 0.3  # spread of rows over that of columns (assumed)
CORRELATION_RESET_CYCLES = 208  # of a row half: 200 + 3 and 5, the vendor's default timers
CADC_SAMPLE_PERIOD_NS = 1700  # sustained (grenade: "lower bound on sample duration")
OMNIBUS_WRITE_CYCLES = 40  # scalar bus write to FPGA or other PPU (assumed, 20-60)
