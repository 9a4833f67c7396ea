"""The configuration of a chip instance: one class for a chip, one for each of its sections."""

from chip.base.config.capmem import CapMemConfig as CapMemConfig
from chip.base.config.chip import ChipConfig as ChipConfig
from chip.base.config.digital import CadcConfig as CadcConfig
from chip.base.config.digital import DriverConfig as DriverConfig
from chip.base.config.digital import FpgaConfig as FpgaConfig
from chip.base.config.digital import PpuConfig as PpuConfig
from chip.base.config.digital import RouterConfig as RouterConfig
from chip.base.config.imperfections import ImperfectionConfig as ImperfectionConfig
from chip.base.config.limits import LimitConfig as LimitConfig
from chip.base.config.link import LinkConfig as LinkConfig
