"""`python -m daybreak` is `daybreak`."""

from .cli import main

if __name__ == "__main__":
    main()
