"""What a player is: Works, Artist, Critic, and the loop that they meet in. Start reading here."""
