"""Reading images from outside: arrays, IDX files, folders, zips. Nothing from outside is trusted."""

from coevo.data.readers.arrays import is_pair, keep_arrays, kept_arrays, read_arrays, to_labels, to_pixels
from coevo.data.readers.decode import BROKEN, Decoded, decode, read_image
from coevo.data.readers.idx import read_idx
from coevo.data.readers.originals import READ_MB, Originals, Sums, checksums
from coevo.data.readers.sources import Folder, Source, Zip, folder_at

__all__ = [
    "BROKEN",
    "READ_MB",
    "Decoded",
    "Folder",
    "Originals",
    "Source",
    "Sums",
    "Zip",
    "checksums",
    "decode",
    "folder_at",
    "is_pair",
    "keep_arrays",
    "kept_arrays",
    "read_arrays",
    "read_idx",
    "read_image",
    "to_labels",
    "to_pixels",
]
