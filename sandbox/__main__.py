"""`python -m sandbox`: the commands live in `sandbox/commands/`, one module for each subject."""

from sandbox.commands import main

if __name__ == "__main__":
    main()
