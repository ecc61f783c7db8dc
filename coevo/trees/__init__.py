"""Programs as typed trees: their language, and how they vary."""
