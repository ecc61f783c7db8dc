"""A report as rows for people: made beside real, the direction that is better, and what a figure means."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor, log10
from typing import Any, Literal, NamedTuple

Better = Literal["higher", "lower", ""]


class Row(NamedTuple):
    """A figure of made works, beside the same of real works if there is one."""

    figure: str
    made: str
    real: str
    better: Better
    meaning: str


class Figure(NamedTuple):
    """The way that a figure of a report is shown.

    Args:
        better: the direction that is better.
        meaning: half a line for people.
        kind: "share" of works in [0, 1], "real" such a share of real works, a "count", "nats", or any other "value".
        sample: the entry of the report that says how many works it is an estimate of.
    """

    better: Better
    meaning: str
    kind: Literal["share", "real", "count", "nats", "value"] = "value"
    sample: str = "made"


FIGURES = {
    "fid": Figure("lower", "Fréchet distance of features to real works"),
    "kid": Figure("lower", "kernel distance to real works; 0 is none"),
    "precision": Figure("higher", "made works among real ones (quality)", "share"),
    "recall": Figure("higher", "real works among made ones (variety)", "share"),
    "density": Figure("higher", "how deep made works lie among real ones"),
    "coverage": Figure("higher", "real works with a made neighbour (variety)", "share"),
    "nearest": Figure("", "pixels to the nearest known work; low: copies"),
    "copies": Figure("lower", "made works that are a known one, slightly changed", "count"),
    "mean_distance": Figure("", "pixels between two works; low: all alike"),
    "modes": Figure("higher", "classes that are found at all", "count"),
    "classes_found": Figure("higher", "classes with a third of an even share", "count"),
    "smallest_share": Figure("higher", "share of the rarest class", "share"),
    "class_kl": Figure("lower", "KL of the class histogram from real, nats"),
    "confidence": Figure("", "mean probability of the likeliest class", "share"),
    "evaluator_accuracy": Figure("", "of the evaluator; low: do not trust it", "real", "held_out"),
    "critic_accuracy": Figure("", "of the critic, on real works", "real", "held_out"),
    "parzen": Figure("higher", "log-likelihood by Parzen window, nats (weak)", "nats", "held_out"),
    "reconstruction_error": Figure("lower", "mean squared error of pixels in [0, 1]", "value", "encoded"),
    "classification_error": Figure("lower", "real works encoded to a wrong class", "share", "encoded"),
    "clustering_error": Figure("lower", "real works in another class's cluster", "share", "encoded"),
    "l1": Figure("lower", "pixels between a work and the true one", "value", "held_out"),
    "l1_of_mean": Figure("", "the same of the mean picture", "value", "held_out"),
    "ssim": Figure("higher", "structural similarity to the true work", "value", "held_out"),
    "ssim_of_mean": Figure("", "the same of the mean picture", "value", "held_out"),
    "pixel_accuracy": Figure("higher", "pixels whose region a network finds", "share", "held_out"),
    "class_accuracy": Figure("higher", "the same, mean over the regions", "share", "held_out"),
    "iou": Figure("higher", "overlap of found and given regions, mean", "share", "held_out"),
    "cycle_error": Figure("lower", "pixels after a translation there and back", "value", "held_out"),
    "target_accuracy": Figure("higher", "translations that keep their class", "share", "held_out"),
    "target_accuracy_of_given": Figure("", "the same of what is translated, as it is", "share", "held_out"),
    "elbo": Figure("higher", "bound of the log-likelihood, nats", "nats", "encoded"),
    "nll": Figure("lower", "negative log-likelihood, nats", "nats", "encoded"),
}
SUFFIXES = {
    "_mmd": Figure("lower", "distance of codes from their prior; 0 is none", "value", "encoded"),
    "_two_sample_accuracy": Figure("lower", "telling codes from their prior; 50%: cannot", "share", "encoded"),
}
OTHER = Figure("", "the artist's own figure", "value", "encoded")
NATS = 50  # about the standard deviation of a log-likelihood over works
ABOUT = (
    *(
        "works",
        "data",
        "made",
        "known",
        "held_out",
        "split",
        "evaluator",
        "segmenter",
        "encoded",
        "individuals",
        "class_shares",
    ),
    *("features", "trust", "trust_reason", "precision_of_spoilt", "coverage_of_spoilt", "kid_of_spoilt", "warnings"),
)


def report_rows(report: Mapping[str, Any]) -> list[Row]:
    """The figures of a report as rows, in its order; numbers are rounded to what the sample size supports.

    Args:
        report: figures by name, as `coevo evaluate --json` prints them.
    """
    rows = []
    for name, value in report.items():
        if name in ABOUT or name.endswith("_of_reals") or name in ("parzen_error", "parzen_sigma"):
            continue
        figure = figure_of(name)
        n = int(report.get(figure.sample, report["made"]))
        made, real = shown(value, figure, n), report.get(f"{name}_of_reals")
        if name == "parzen":
            error = report["parzen_error"]
            made = f"{value:.{decimals(error)}f} ± {error:.{decimals(error)}f}"
        if figure.kind == "real":
            rows.append(Row(label(name), "", made, figure.better, figure.meaning))
        else:
            rows.append(
                Row(label(name), made, "" if real is None else shown(real, figure, n), figure.better, figure.meaning)
            )
    return rows


def report_heading(report: Mapping[str, Any]) -> list[str]:
    """A line each for the works, the real works beside them, the evaluator, its trust, and figures that say less."""
    lines = [
        f"{report['made']:,} works: {report['works']}",
        f"beside {report['held_out']:,} works of {report['data']} {unseen(report['split'])}",
        f"evaluator: {report['evaluator']}",
        f"trust in its features: {report['trust']}; {report['trust_reason']}",
        *([f"regions are found by: {report['segmenter']}"] if "segmenter" in report else []),
        *report["warnings"],
    ]
    return lines if "encoded" not in report else [*lines, f"codes of {report['encoded']:,} real works"]


def unseen(split: str) -> str:
    """Who has not seen the real works that others are compared with."""
    if split == "train and test":
        return "that were held out"
    return f"that the evaluator has not seen, but the artist has: there is no test part ({split})"


def figure_of(name: str) -> Figure:
    """The way that a figure is shown; an artist may have figures of its own."""
    found = FIGURES.get(name) or FIGURES.get(name.split("_")[0])
    return found or next((figure for suffix, figure in SUFFIXES.items() if name.endswith(suffix)), OTHER)


def label(name: str) -> str:
    """A figure's name in words."""
    upper = ("fid", "kid", "elbo", "nll", "mmd", "kl")
    return " ".join(word.upper() if word in upper else word for word in name.split("_"))


def shown(value: float, figure: Figure, n: int) -> str:
    """A figure of n works, with the digits that n works support."""
    if figure.kind == "count":
        return f"{int(value):,}"
    if figure.kind in ("share", "real"):
        return f"{value:.{max(0, decimals(0.5 / n**0.5) - 2)}%}"
    if figure.kind == "nats":
        return f"{value:,.{decimals(NATS / n**0.5)}f}"
    digits = max(2, 1 + floor(0.5 * log10(n)))
    if value == 0:
        return "0"
    places = digits - 1 - floor(log10(abs(value)))
    return f"{round(value, places):,.{max(0, places)}f}"


def decimals(error: float) -> int:
    """The decimal place of the first significant digit of a standard error."""
    return max(0, ceil(-log10(error))) if error > 0 else 3
