"""How plugins are found, and what each of them offers."""
