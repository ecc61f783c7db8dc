"""Machine code that was built when coevo was installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coevo.native import SOURCES, address, library, native


def test_machine_code_of_another_version_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = SOURCES / "native.so"
    if not built.exists():
        pytest.skip("no machine code was built")
    (tmp_path / "native.so").write_bytes(built.read_bytes())
    (tmp_path / "draw.c").write_text("/* newer */")
    monkeypatch.setattr(library, "SOURCES", tmp_path)
    with pytest.warns(UserWarning, match="another version, so NumPy is used; install coevo again"):
        assert native.__wrapped__() is None
    (tmp_path / "native.so").unlink()
    assert native.__wrapped__() is None


def test_functions_are_declared_where_there_is_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "native", lambda: None)
    assert library.declared(coevo_no_such_function=(None,)) is None


def test_machine_code_reads_contiguous_arrays() -> None:
    with pytest.raises(ValueError, match="contiguous"):
        address(np.zeros((4, 4))[:, 0])


def test_machine_code_that_cannot_be_loaded_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "native.so").write_bytes(b"of another machine")
    monkeypatch.setattr(library, "SOURCES", tmp_path)
    with pytest.warns(UserWarning, match="cannot be loaded, so NumPy is used"):
        assert native.__wrapped__() is None
