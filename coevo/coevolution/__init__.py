"""The field's remedies, for any player: archives, past critics, caches of measures, societies."""
