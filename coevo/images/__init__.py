"""Contact sheets, and PNGs that carry their genome."""
