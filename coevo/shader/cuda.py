"""CUDA by ctypes: NVRTC, which torch's builds for CUDA bring along, compiles a kernel, and the driver launches it."""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from ctypes import c_char_p, c_int, c_int32, c_size_t, c_uint, c_void_p
from pathlib import Path

import torch

# of cuda.h
DYNAMIC_SHARED = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
MOST_SHARED = 97  # CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN


class Kernel:
    """Functions that were compiled for a GPU, loaded into the device that is current.

    Args:
        driver: CUDA's driver (`driver()`).
        binary: what `compiled` gives.
        names: of the functions.
    """

    def __init__(self, driver: ctypes.CDLL, binary: bytes, names: Sequence[str]):
        self._driver = driver
        self._functions, self._module = {name: c_void_p() for name in names}, c_void_p()
        device, most = c_int(), c_int()
        self._do("cuCtxGetDevice", ctypes.byref(device))
        self._do("cuDeviceGetAttribute", ctypes.byref(most), c_int(MOST_SHARED), device)
        self.most_shared = most.value  # bytes that a block may have
        self._do("cuModuleLoadData", ctypes.byref(self._module), binary)
        for name, function in self._functions.items():
            self._do("cuModuleGetFunction", ctypes.byref(function), self._module, name.encode())
            self._do("cuFuncSetAttribute", function, c_int(DYNAMIC_SHARED), most)  # else 48 KB

    def launch(
        self, name: str, blocks: int, threads: int, shared: int, stream: int, arguments: Sequence[c_void_p | c_int32]
    ) -> None:
        """Start a function.

        Args:
            name: its name.
            blocks, threads: how many blocks, and threads of a block.
            shared: bytes of shared memory for a block, `most_shared` at most.
            stream: the CUDA stream's handle.
            arguments: the function's, by value.

        Raises:
            RuntimeError: the driver refuses; its words follow.
        """
        addresses = (c_void_p * len(arguments))(*map(ctypes.addressof, arguments))
        sizes = [c_uint(number) for number in (blocks, 1, 1, threads, 1, 1, shared)]
        self._do("cuLaunchKernel", self._functions[name], *sizes, c_void_p(stream), addresses, None)

    def _do(self, function: str, *arguments: object) -> None:
        if error := getattr(self._driver, function)(*arguments):
            words = c_char_p()
            self._driver.cuGetErrorString(c_int(error), ctypes.byref(words))
            raise RuntimeError(f"CUDA's {function} failed: {(words.value or b'').decode()} ({error})")


def driver() -> ctypes.CDLL:
    """CUDA's driver. Raises OSError if there is none."""
    return ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")


def nvrtc() -> ctypes.CDLL:
    """CUDA's compiler, of torch's own version. Raises OSError if there is none."""
    major = (torch.version.cuda or "13").split(".")[0]
    name = f"nvrtc64_{major}0_0.dll" if sys.platform == "win32" else f"libnvrtc.so.{major}"
    for path in (name, *map(str, _beside_torch(name))):
        try:
            return ctypes.CDLL(path)
        except OSError:
            continue
    raise OSError(f"CUDA's compiler {name} was found neither on the system nor beside torch")


def compiled(compiler: ctypes.CDLL, source: str, headers: Mapping[str, str], options: Sequence[str]) -> bytes:
    """CUDA C compiled for one kind of GPU.

    Args:
        compiler: `nvrtc()`.
        source: the program.
        headers: what it may include, by name.
        options: NVRTC's.

    Returns:
        A binary for `Kernel`.

    Raises:
        RuntimeError: it does not compile; the compiler's words follow.
    """
    program = c_void_p()
    texts = (c_char_p * len(headers))(*[text.encode() for text in headers.values()])
    names = (c_char_p * len(headers))(*[name.encode() for name in headers])
    words = (c_char_p * len(options))(*[option.encode() for option in options])
    created = compiler.nvrtcCreateProgram(ctypes.byref(program), source.encode(), None, len(headers), texts, names)
    if created or compiler.nvrtcCompileProgram(program, len(options), words):
        log = _bytes_of(compiler, "ProgramLog", program).decode(errors="replace") if program else "no program was made"
        raise RuntimeError(f"CUDA's compiler failed:\n{log}")
    binary = _bytes_of(compiler, "CUBIN", program)
    compiler.nvrtcDestroyProgram(ctypes.byref(program))
    return binary


def _bytes_of(compiler: ctypes.CDLL, what: str, program: c_void_p) -> bytes:
    size = c_size_t()
    getattr(compiler, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(compiler, f"nvrtcGet{what}")(program, text)
    return text.raw


def _beside_torch(name: str) -> Iterator[Path]:
    """Where packages keep CUDA's libraries: torch itself, and those that it requires."""
    yield from (Path(folder) / "lib" / name for folder in torch.__path__)
    found = importlib.util.find_spec("nvidia")
    for folder in found.submodule_search_locations or () if found else ():
        yield from sorted(Path(folder).glob(f"*/lib/{name}"))
