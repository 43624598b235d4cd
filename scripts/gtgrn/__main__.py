"""``python -m gtgrn`` is the command ``gtgrn``."""

from gtgrn.command.main import main

if __name__ == "__main__":
    main()
