"""The conformance kit that every player must pass."""
