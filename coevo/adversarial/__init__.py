"""Critics that play an adversarial game with a network."""
