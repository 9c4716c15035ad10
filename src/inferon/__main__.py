"""``python -m inferon`` is the command ``inferon``."""

from inferon.cli import main

if __name__ == "__main__":
    main()
