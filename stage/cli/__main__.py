"""``python -m stage.cli``."""

from stage.cli import main

if __name__ == "__main__":
    main()
