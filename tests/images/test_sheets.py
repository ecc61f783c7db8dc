"""Contact sheets, and the captions that say what is seen on them."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFont

from coevo.images.sheets import captioned, contact_sheet, folded

FONT = ImageFont.load_default(15)


def test_a_caption_stands_above_the_pictures_and_changes_none_of_them() -> None:
    images = torch.full((4, 1, 16, 16), -1.0)
    bare, with_caption = contact_sheet(images), contact_sheet(images, caption="Four black works")
    head = with_caption.height - bare.height
    assert 20 < head < 60 and with_caption.width == bare.width
    assert with_caption.crop((0, head, bare.width, with_caption.height)).tobytes() == bare.tobytes()
    assert min(with_caption.crop((0, 0, bare.width, head)).tobytes()) < 100  # letters


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_narrow_picture_is_widened_for_its_caption(mode: str) -> None:
    sheet = captioned(Image.new(mode, (40, 40)), "A sentence that is much wider than forty pixels")
    assert sheet.width == 480 and sheet.mode == mode


@given(st.text(st.sampled_from("abc "), max_size=200), st.integers(60, 400))
def test_a_text_is_folded_at_spaces_and_loses_no_word(text: str, width: int) -> None:
    lines = folded(text, FONT, width)
    assert " ".join(lines).split() == text.split()
    assert all(FONT.getlength(line) <= width or " " not in line for line in lines)


def test_a_tall_sheet_is_no_taller_than_a_screen() -> None:
    sheet = contact_sheet(torch.zeros(40, 1, 32, 32), columns=4)
    assert sheet.height < 1300
