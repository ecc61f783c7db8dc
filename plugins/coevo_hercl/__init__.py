"""HERCL: programs that draw, and programs that judge (Blair 2013; Vickers 2017; Soderlund & Blair 2018)."""
