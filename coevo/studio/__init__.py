"""What a player is given: device, precision, random streams."""
