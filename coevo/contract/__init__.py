"""What a player is: works, the two players, and what else a player may be able to do. Start reading here."""
