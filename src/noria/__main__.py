"""`python -m noria`: the same as the command `noria`."""

from noria.cli.main import main

if __name__ == "__main__":
    main()
