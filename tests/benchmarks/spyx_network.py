"""A peer of the benchmarks: the network in spyx, one compiled call per epoch. Imported only where spyx is installed.

Current-based LIF neurons, leaky readouts, surrogate gradients through time, Adam; loss and accuracy are spyx's own, of
the readouts' mean over time. As in spyx's examples the data lie on the device and a batch has 256 samples. Weights are
learned; time constants, which spyx would learn too, stay as they are.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax
import spyx
from flax import nnx

from tests.benchmarks.grid import NETWORK, decay_per_step

BATCH = 256
RATE = 1e-2


class SpyxNetwork:
    """Trains on events float32[n, steps, inputs] and classes int32[n]; the last part of a batch is dropped."""

    def __init__(self, events, targets, seed: int):
        rngs = nnx.Rngs(seed)
        neurons = spyx.nn.CuBaLIF(
            (NETWORK.hidden,),
            decay_per_step(NETWORK.tau_syn_ns),
            decay_per_step(NETWORK.tau_mem_ns),
            activation=spyx.axn.arctan(),  # the surrogate gradient that snntorch has by default
            rngs=rngs,
        )
        model = spyx.nn.Sequential(
            nnx.Linear(NETWORK.inputs, NETWORK.hidden, use_bias=False, rngs=rngs),
            neurons,
            nnx.Linear(NETWORK.hidden, NETWORK.readouts, use_bias=False, rngs=rngs),
            spyx.nn.LI((NETWORK.readouts,), decay_per_step(NETWORK.readout_tau_mem_ns), rngs=rngs),
        )
        self._data = jnp.asarray(events), jnp.asarray(targets)
        self._key = jax.random.key(seed)
        self._graph, self._parameters, self._rest = nnx.split(model, nnx.PathContains("kernel"), ...)
        self._optimizer = optax.adam(RATE)
        self._moments = self._optimizer.init(self._parameters)
        self._epoch = jax.jit(self._compiled_epoch)
        self._accuracy = jax.jit(self._compiled_accuracy)
        self.samples = len(targets) // BATCH * BATCH

    def train_epoch(self) -> None:
        """Shuffle, and see every sample once."""
        self._key, key = jax.random.split(self._key)
        state = self._epoch(self._parameters, self._moments, key, *self._data)
        self._parameters, self._moments = jax.block_until_ready(state)

    def accuracy(self, events, targets) -> float:
        return float(self._accuracy(self._parameters, jnp.asarray(events), jnp.asarray(targets)))

    def _traces(self, parameters, events):
        model = nnx.merge(self._graph, parameters, self._rest)
        return spyx.nn.run(model, events, batch_major=True)[0] / events.shape[1]

    def _compiled_epoch(self, parameters, moments, key, events, targets):
        loss_of_traces = spyx.fn.integral_crossentropy()

        def one_batch(state, chosen):
            parameters, moments = state
            gradients = jax.grad(lambda p: loss_of_traces(self._traces(p, events[chosen]), targets[chosen]))(parameters)
            updates, moments = self._optimizer.update(gradients, moments, parameters)
            return (optax.apply_updates(parameters, updates), moments), None

        order = jax.random.permutation(key, len(targets))[: self.samples].reshape(-1, BATCH)
        return jax.lax.scan(one_batch, (parameters, moments), order)[0]

    def _compiled_accuracy(self, parameters, events, targets):
        return spyx.fn.integral_accuracy()(self._traces(parameters, events), targets)[0]
