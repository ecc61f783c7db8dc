"""Files that appear whole or not at all; states as bytes; the folder of a run."""
