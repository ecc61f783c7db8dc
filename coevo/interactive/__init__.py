"""A person as the critic: commands, sessions with undo, lineages."""
