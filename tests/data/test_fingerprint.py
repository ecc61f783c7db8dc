"""What a dataset was, and whether it is so still."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coevo.data.datasets import Dataset
from coevo.data.fingerprint import READ_MB, Fingerprint, checksums
from coevo.data.readers import Originals
from coevo.errors import DataError


def pictures(n: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(256, (n, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


@given(n=st.integers(2, 40), pixel=st.integers(0, 63), which=st.integers(0, 39))
def test_the_same_pictures_have_the_same_fingerprint_and_others_another(n: int, pixel: int, which: int) -> None:
    images = pictures(n)
    before = Fingerprint.of(Dataset("x", images))
    assert before.change(Fingerprint.of(Dataset("elsewhere", images.clone()))) == ""
    images[which % n].view(-1)[pixel] ^= 1
    assert "some are others now" in before.change(Fingerprint.of(Dataset("x", images)))


def test_what_has_changed_is_said() -> None:
    whole = Fingerprint.of(Dataset("x", pictures(600)))
    some = Fingerprint.of(Dataset("x", pictures(600)[111:]))
    assert whole.change(some) == "it had 600 pictures and has 489 now"
    relabelled = [Fingerprint.of(Dataset("x", pictures(2), torch.tensor(labels))) for labels in ([0, 1], [1, 0])]
    assert "their labels some are others" in relabelled[0].change(relabelled[1])


def test_one_picture_or_many_that_are_alike_are_refused_and_few_are_said() -> None:
    for images, said in ((pictures(1), "one picture"), (pictures(1).repeat(9, 1, 1, 1), "9 pictures that are all")):
        with pytest.raises(DataError, match=said):
            Fingerprint.of(Dataset("x", images)).warning("x")
    assert "only 3 pictures: " in Fingerprint.of(Dataset("x", pictures(3))).warning("x")
    repeated = Fingerprint.of(Dataset("x", pictures(3).repeat(200, 1, 1, 1)))
    assert "only 600 pictures, 3 of them different" in repeated.warning("x")
    assert Fingerprint.of(Dataset("x", pictures(60))).warning("x") == ""


def test_of_a_large_dataset_only_some_pictures_are_read() -> None:
    large = torch.zeros(1, dtype=torch.uint8).expand(READ_MB + 40, 1, 1024, 1024)  # takes no memory
    assert len(checksums(large)) == READ_MB


@pytest.mark.parametrize(
    ("originals", "said"),
    [
        (Originals((8, 8), (8, 8)), "8 × 8 px enlarged to 32 × 32"),
        (Originals((32, 32), (32, 32)), "32 × 32 px"),
        (Originals.of([(105, 105), (200, 180)]), "105 × 105 to 200 × 180 px cropped and reduced to 32 × 32"),
        (Originals.of([(16, 16), (64, 64)]), "16 × 16 to 64 × 64 px resized to 32 × 32"),
    ],
)
def test_what_became_of_the_originals(originals: Originals, said: str) -> None:
    assert originals.resized(32) == said
