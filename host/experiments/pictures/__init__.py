"""One picture of each experiment; matplotlib draws into memory."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np

from host.experiments.outcome import Outcome, mean_and_spread

SIZE_INCHES, DOTS_PER_INCH = (16.0, 6.0), 100
NS_PER_US = 1_000.0
METHODS = (("eventprop", "EventProp, from the spike"), ("surrogate", "surrogate, from sampled membranes"))


def draw(outcome: Outcome) -> bytes:
    """Return the figure of an experiment as PNG, 1600 x 600 points; raises ImportError without matplotlib."""
    from host.experiments.pictures import homeostasis, parity, pong
    from host.pictures.panels import fitting, look

    draw_panels: dict[str, Callable] = {
        "asymmetry": _asymmetry,
        "gradient": _gradient,
        "holomorphic-ep": _holomorphic_ep,
        "homeostasis": homeostasis.draw,
        "observation": _observation,
        "pong": pong.draw,
        "two-clusters": _two_clusters,
        **parity.DRAWN,
    }
    buffer = io.BytesIO()
    with look.style():
        figure = fitting.new_figure(SIZE_INCHES, DOTS_PER_INCH, outcome.title)
        draw_panels[outcome.name](figure, outcome, (look.BLUE, look.ORANGE, look.GREEN))
        for axes in figure.axes:
            axes.spines[["top", "right"]].set_visible(False)
            if axes.get_legend_handles_labels()[0]:
                axes.legend()
        fitting.fit(figure)
        figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _gradient(figure, outcome: Outcome, colours: tuple[str, ...]) -> None:
    arrays, axes = outcome.arrays, figure.subplots(1, 3)
    weights, truth = arrays["weights"], -arrays["analytic_gradient_ns"]
    for one, title, unit in zip(
        axes,
        ("spike time T", "-dT/dw, mean over trials and neurons", "spread of a neuron: repeats, phases of the CADC"),
        ("µs after the input", "ns per weight step", "standard deviation, ns per weight step"),
        strict=True,
    ):
        one.set_title(title, loc="left", fontsize=12)
        one.set_xlabel("weight of the input, in steps")
        one.set_ylabel(unit)
    axes[0].plot(weights, arrays["analytic_time_ns"] / NS_PER_US, color="0.3", label="analytic")
    for name, marker, colour in (("ideal", "x", "0.3"), ("chip", "o", colours[0])):
        mean, spread = mean_and_spread(arrays[f"{name}_spikes_ns"] / NS_PER_US, axis=(1, 2))
        label = "ideal chip" if name == "ideal" else "this chip, ± trials and neurons"
        axes[0].errorbar(weights, mean, spread, fmt=marker, ms=4, color=colour, label=label)
    axes[1].plot(weights, truth, color="0.3", label="analytic")
    for (method, label), colour in zip(METHODS, colours, strict=False):
        mean, _ = mean_and_spread(-arrays[f"chip_{method}_ns"], axis=(1, 2))
        axes[1].plot(weights, mean, "o", ms=4, color=colour, label=label)
        for kind, marker, source in (("repeats", "o", "noise"), ("phases", "x", "phase")):
            _, of_neurons = mean_and_spread(arrays[f"chip_{kind}_{method}_ns"], axis=-2)
            spread, _ = mean_and_spread(of_neurons, axis=tuple(range(1, of_neurons.ndim)))
            if (spread > 0).any():  # a spike has none from the phase
                axes[2].plot(weights, spread, marker, ms=4, color=colour, label=f"{label.split(',')[0]}: {source}")
    axes[2].plot(weights, truth, color="0.3", label="the gradient itself")
    for one in axes[1:]:
        one.set_yscale("log")


def _holomorphic_ep(figure, outcome: Outcome, colours: tuple[str, ...]) -> None:
    arrays, panels = outcome.arrays, figure.subplots(1, 3)
    of = outcome.summary
    for one, name, x, title, label in zip(
        panels,
        ("bias", "amplitude", "noise"),
        (arrays["betas"], arrays["betas"], arrays["noises"]),
        (
            "bias: reads without noise",
            f"amplitude: noise {of['noise']:g} of every read",
            f"noise: amplitude {of['beta']:g}",
        ),
        ("amplitude beta", "amplitude beta", "standard deviation of a read, states are 0 to 1"),
        strict=True,
    ):
        for method, cosines, colour, line in zip(
            of["methods"], arrays[f"cosines_of_{name}"], (*colours, "0.3"), ("-", "-", "--", ":"), strict=True
        ):
            of_nets, _ = mean_and_spread(1 - cosines, axis=2)
            one.plot(x, of_nets.mean(axis=1), line, color=colour, marker="o", ms=3, label=method)
            one.fill_between(x, of_nets.min(axis=1), of_nets.max(axis=1), color=colour, alpha=0.15, linewidth=0)
        one.set_title(title, loc="left", fontsize=12)
        one.set_xscale("log")
        one.set_yscale("log")
        one.set_ylim(1e-6, 1.0)
        one.set_xlabel(label)
        one.grid(color="0.93")
    panels[0].set_ylabel("1 - cosine to the gradient, mean and range of nets")


def _observation(figure, outcome: Outcome, colours: tuple[str, ...]) -> None:
    arrays, (left, right) = outcome.arrays, figure.subplots(1, 2)
    stages = ("untrained", "trained")
    kinds = (
        ("eventprop", "EventProp: spikes, 4 bytes each (record)", colours[0]),
        ("link_eventprop", "EventProp: spikes, 8 bytes each (link)", "0.6"),
        ("traces", "membranes", colours[1]),
        ("surrogate", "membranes and spikes of 4 bytes", colours[2]),
    )
    for n, (name, label, colour) in enumerate(kinds):
        of_seeds = arrays[f"{name}_bytes"].mean(axis=2)
        place = np.arange(len(stages)) + 0.21 * (n - 1.5)
        left.bar(place, of_seeds.mean(axis=0), 0.2, yerr=of_seeds.std(axis=0), color=colour, label=label)
    left.set_xticks(range(len(stages)), stages)
    left.set_ylabel("bytes per sample")
    left.margins(y=0.35)  # room for the legend
    left.set_title("what has to be observed, mean and spread over seeds", loc="left", fontsize=12)
    for n, stage in enumerate(stages):
        spikes = arrays["events"][:, n, :, 1].ravel()
        right.hist(spikes, np.arange(spikes.max() + 2) - 0.5, histtype="step", color=colours[n], label=stage)
    right.set_xlabel("hidden spikes in a sample")
    right.set_ylabel("test samples, all seeds")
    of_stage = [outcome.summary["ratio"][name]["trained"] for name in ("traces", "link_traces")]
    record, link = (f"{ratio['mean']:.1f} ± {ratio['std']:.1f}" for ratio in of_stage)
    right.set_title(f"membranes over EventProp, trained: {record} (record), {link} (link)", loc="left", fontsize=12)


def _two_clusters(figure, outcome: Outcome, colours: tuple[str, ...]) -> None:
    arrays, axes = outcome.arrays, figure.subplots()
    shown = [*zip(arrays["rules"], arrays["d_prime"], colours, strict=True)]
    shown.append(("initial weights", arrays["random_d_prime"].mean(axis=0), "0.6"))
    for name, values, colour in shown:
        axes.errorbar(arrays["noise"], values.mean(axis=1), values.std(axis=1), marker="o", color=colour, label=name)
    axes.set_xlabel("standard deviation of the noise; clusters are at -1 and 1")
    axes.set_ylabel("d' of a unit: how far it parts the clusters")
    axes.set_ylim(bottom=0)


def _asymmetry(figure, outcome: Outcome, colours: tuple[str, ...]) -> None:
    arrays, panels = outcome.arrays, figure.subplots(1, 2)
    for axes, name, label in zip(
        panels,
        ("accuracy", "alignment"),
        ("test accuracy", "cosine between the weights of both directions"),
        strict=True,
    ):
        for rule, values, colour in zip(arrays["rules"], arrays[name], colours, strict=True):
            mean, spread = values.mean(axis=1), values.std(axis=1)
            axes.errorbar(100 * arrays["mismatch"], mean, spread, marker="o", capsize=3, color=colour, label=rule)
        axes.set_xlabel("mismatch of synapses, standard deviation in %")
        axes.set_ylabel(label)
