"""A peer of the benchmarks: the network in snntorch. Imported only where snntorch and torch are installed.

Current-based LIF neurons, leaky readouts, surrogate gradients through time, Adam; the loss is the cross entropy of the
readouts at every step. As in snntorch's tutorials a batch has 128 samples and the time loop is a loop in Python.
"""

from __future__ import annotations

import numpy as np
import snntorch
import torch

from tests.benchmarks.grid import NETWORK, decay_per_step

BATCH = 128
RATE = 5e-3


class SnntorchNetwork(torch.nn.Module):
    """Trains on events float32[n, steps, inputs] and classes int32[n]; the last part of a batch is dropped."""

    def __init__(self, events: np.ndarray, targets: np.ndarray, seed: int):
        super().__init__()
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        self.into_hidden = torch.nn.Linear(NETWORK.inputs, NETWORK.hidden, bias=False)
        self.neurons = snntorch.Synaptic(decay_per_step(NETWORK.tau_syn_ns), decay_per_step(NETWORK.tau_mem_ns))
        self.into_readouts = torch.nn.Linear(NETWORK.hidden, NETWORK.readouts, bias=False)
        self.readouts = snntorch.Leaky(decay_per_step(NETWORK.readout_tau_mem_ns), reset_mechanism="none")
        self.optimizer = torch.optim.Adam(self.parameters(), lr=RATE)
        self._events, self._targets = torch.from_numpy(events), torch.from_numpy(targets).long()
        self.samples = len(targets) // BATCH * BATCH

    def forward(self, events: torch.Tensor) -> torch.Tensor:
        """Return the readouts' membranes [steps, n, readouts] for events [n, steps, inputs]."""
        current, membrane = self.neurons.reset_mem()
        readout = self.readouts.reset_mem()
        traces = []
        for step in range(events.shape[1]):
            spikes, current, membrane = self.neurons(self.into_hidden(events[:, step]), current, membrane)
            _, readout = self.readouts(self.into_readouts(spikes), readout)
            traces.append(readout)
        return torch.stack(traces)

    def train_epoch(self) -> None:
        """Shuffle, and see every sample once."""
        for chosen in torch.randperm(len(self._targets))[: self.samples].view(-1, BATCH):
            traces, targets = self(self._events[chosen]), self._targets[chosen]
            loss = torch.nn.functional.cross_entropy(traces.flatten(0, 1), targets.repeat(len(traces)))
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    @torch.no_grad()
    def accuracy(self, events: np.ndarray, targets: np.ndarray) -> float:
        chosen = self(torch.from_numpy(events)).sum(0).argmax(1)
        return float((chosen == torch.from_numpy(targets)).float().mean())
