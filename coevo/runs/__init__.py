"""A run: its options, how it is built, played, saved and resumed."""
