"""How plugins are found, and what each brings."""
