"""A report as a table for people: made beside real, with as many digits as the sample supports."""

from __future__ import annotations

import pytest

from coevo.evaluation.table import Row, report_heading, report_rows

REPORT = {
    "works": "run x, round 9, seed 0",
    "data": "digits",
    "made": 1000,
    "known": 898,
    "held_out": 899,
    "split": "train and test",
    "evaluator": "classifier 1",
    "trust": "low",
    "trust_reason": "it classifies 20% of held-out works correctly",
    "warnings": ["FID is biased."],
    "fid": 12.3456,
    "fid_of_reals": 1.2345,
    "precision": 0.81234,
    "precision_of_reals": 0.92345,
    "class_shares": {"0": 0.4, "1": 0.6},
    "evaluator_accuracy": 0.9876,
    "copies": 3,
}


def rows(**more: float) -> dict[str, Row]:
    return {row.figure: row for row in report_rows({**REPORT, **more})}


def test_a_figure_stands_beside_that_of_real_works_with_its_direction_and_meaning() -> None:
    figure, made, real, better, meaning = rows()["FID"]
    assert (figure, made, real, better) == ("FID", "12", "1.2", "lower") and "real works" in meaning
    assert rows()["precision"][:4] == ("precision", "81%", "92%", "higher")
    assert rows()["evaluator accuracy"][:4] == ("evaluator accuracy", "", "99%", "")
    assert rows()["copies"][:3] == ("copies", "3", "")


def test_what_is_not_a_figure_is_in_the_heading() -> None:
    assert list(rows()) == ["FID", "precision", "evaluator accuracy", "copies"]
    assert report_heading(REPORT) == [
        "1,000 works: run x, round 9, seed 0",
        "beside 899 works of digits that were held out",
        "evaluator: classifier 1",
        "trust in its features: low; it classifies 20% of held-out works correctly",
        "FID is biased.",
    ]
    assert report_heading({**REPORT, "encoded": 899})[-1] == "codes of 899 real works"


@pytest.mark.parametrize(("n", "shown"), [(64, "81%"), (1000, "81%"), (10_000, "81.2%"), (1_000_000, "81.23%")])
def test_more_works_support_more_digits(n: int, shown: str) -> None:
    assert rows(made=n)["precision"].made == shown


def test_small_and_negative_figures_keep_two_digits() -> None:
    assert rows(kid=0.00123456)["KID"].made == "0.0012"
    assert rows(kid=-0.0123456)["KID"].made == "-0.012"
    assert rows(fid=1234.5)["FID"].made == "1,200"


def test_log_likelihoods_are_rounded_to_their_standard_error() -> None:
    assert rows(parzen=-343.0066, parzen_error=1.2225, parzen_sigma=0.3)["parzen"].made == "-343 ± 1"
    assert rows(encoded=899, elbo=-620.887)["ELBO"].made == "-621"
    assert rows(encoded=90_000, nll_of_50_draws=84.123)["NLL of 50 draws"].made == "84.1"


def test_a_code_and_an_artist_bring_figures_of_their_own() -> None:
    assert rows(encoded=899, z_two_sample_accuracy=0.53)["z two sample accuracy"][1:4] == ("53%", "", "lower")
    assert rows(encoded=899, beauty=0.123)["beauty"] == Row("beauty", "0.12", "", "", "the artist's own figure")
