"""`python -m coevo` is `coevo`."""

from coevo.cli import main

main(prog_name="coevo")
