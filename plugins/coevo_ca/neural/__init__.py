"""Neural cellular automata: a picture grows from one cell, by a rule that is a small network (Mordvintsev 2020)."""
