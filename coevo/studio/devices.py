"""Devices, and the precision that is fastest on them."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from coevo.errors import ConfigError

Precision = Literal["auto", "fp32", "bf16"]

CPUINFO = Path("/proc/cpuinfo")


def find_device(name: str) -> torch.device:
    """The device called auto, cpu, cuda or mps. Raises ConfigError if this machine does not have it."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(device for device in ("cuda", "mps", "cpu") if there[device])
    if not there[name]:
        found = ", ".join(device for device, is_there in there.items() if is_there)
        raise ConfigError(f"Device {name!r} is not available here (available: {found}).")
    if name == "cuda":  # by its number: threads begin with the first GPU, which may be another process's
        return torch.device(name, torch.cuda.current_device())
    return torch.device(name)


def fast_bf16(device: torch.device) -> bool:
    """Whether bf16 is computed in hardware; emulated it costs twice what fp32 does."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        known = capabilities()
        return bool(known.get("avx512_bf16") or known.get("amx_bf16"))
    return False


def capabilities() -> dict[str, Any]:
    """What the processor can, by name, such as amx_bf16."""
    if hasattr(torch.cpu, "get_capabilities"):
        return dict(torch.cpu.get_capabilities())
    flags = re.search(r"^flags\s*:(.*)", CPUINFO.read_text(), re.MULTILINE) if CPUINFO.exists() else None
    return dict.fromkeys(flags[1].split(), True) if flags else {}


def convolves(module: nn.Module) -> bool:
    return any(isinstance(part, nn.Conv2d | nn.ConvTranspose2d) for part in module.modules())


def own_frame(forward: Any) -> Any:
    """A frame of ours around a forward pass: torch does not compile those of its own containers."""
    return lambda *args, **kwargs: forward(*args, **kwargs)


def autocast(forward: Any, device: str) -> Any:
    """The forward pass in bf16, its result in fp32: losses are never computed in half precision."""

    @functools.wraps(forward)
    def run(*args: Any, **kwargs: Any) -> Any:
        with torch.autocast(device, torch.bfloat16):
            result = forward(*args, **kwargs)
        return result.float() if isinstance(result, Tensor) else result

    return run


def align_memory_format(part: object) -> None:
    """Give an optimiser's loaded moments the memory format of their parameters, as they had: fused kernels need it."""
    for parameter, moments in part.state.items() if isinstance(part, Optimizer) else ():
        for key, value in moments.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                moments[key] = torch.empty_like(parameter, dtype=value.dtype, device=value.device).copy_(value)
