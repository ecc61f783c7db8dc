"""Reading images from outside: arrays, IDX files, folders, zips. Nothing from outside is trusted."""

from coevo.data.readers.arrays import Arrays, is_pair, keep_arrays, kept_arrays, read_arrays, to_pixels
from coevo.data.readers.decode import BROKEN, Decoded, Whole, decode, open_image, read_image
from coevo.data.readers.idx import read_idx
from coevo.data.readers.originals import READ_MB, Originals, Sums, checksums
from coevo.data.readers.pairs import FOLDERS, HALVES, Form, Given, decode_folders, decode_halves
from coevo.data.readers.sources import Folder, Source, Zip, folder_at

__all__ = [
    "BROKEN",
    "FOLDERS",
    "HALVES",
    "READ_MB",
    "Arrays",
    "Decoded",
    "Folder",
    "Form",
    "Given",
    "Originals",
    "Source",
    "Sums",
    "Whole",
    "Zip",
    "checksums",
    "decode",
    "decode_folders",
    "decode_halves",
    "folder_at",
    "is_pair",
    "keep_arrays",
    "kept_arrays",
    "open_image",
    "read_arrays",
    "read_idx",
    "read_image",
    "to_pixels",
]
