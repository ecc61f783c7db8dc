"""Networks as machine code reads them, a whole population at once."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import c_double, c_int64, c_void_p
from functools import cache

import numpy as np

from coevo.native import address, declared
from coevo_cppn.network import LINK, NODE, Network


class Networks(ctypes.Structure):
    """Networks one after another, as in networks.h."""

    _fields_ = (
        *((name, c_void_p) for name in ("nodes", "links", "node_first", "link_first")),
        ("count", c_int64),
    )

    def __init__(self, some: Sequence[Network]):
        self.node_array = np.frombuffer(b"".join([one.node_data for one in some]), NODE)
        self.link_array = np.frombuffer(b"".join([one.link_data for one in some]), LINK)
        self.node_ends = _ends([len(one.node_data) // NODE.itemsize for one in some])
        self.link_ends = _ends([len(one.link_data) // LINK.itemsize for one in some])
        arrays = self.node_array, self.link_array, self.node_ends, self.link_ends
        super().__init__(*map(address, arrays), len(some))


class Rules(ctypes.Structure):
    """The numbers of neat.py, as networks.c has them."""

    _fields_ = (
        *((name, c_double) for name in ("link", "node", "weights", "range", "step", "least", "most", "part")),
        *((name, c_int64) for name in ("mutations", "max_links", "activations", "tries")),
    )


@cache
def machine_code() -> ctypes.CDLL | None:
    """coevo's machine code, if there is any."""
    return declared(
        coevo_networks_vary=(c_int64, *[c_void_p] * 7),
        coevo_networks_columns=(c_int64, c_void_p, c_void_p),
        coevo_networks_distances=(None, *[c_void_p] * 4, c_int64, c_void_p),
        coevo_networks_text=(None, *[c_void_p] * 4),
        coevo_plan_networks=(c_int64, *[c_void_p] * 3, *[c_int64] * 4, c_void_p),
    )


def _ends(counts: Sequence[int]) -> np.ndarray:
    """Where each part begins, and where the last one ends."""
    ends = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=ends[1:])
    return ends
