"""`python -m portal`: the same as `portal`."""

from portal.cli.main import main

if __name__ == "__main__":
    main(prog_name="portal")
