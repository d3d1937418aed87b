"""``python -m deploy`` is ``salespulse``."""

from deploy.cli import main

if __name__ == "__main__":
    main()
