"""Where the console script begins: nothing is imported before the collector is told to relax.

Importing the libraries makes hundreds of thousands of objects, none of them garbage. Python's
default is to look through them every 700 allocations, which costs a cold start an eighth of its
time; see docs/decisions/0008-a-cold-start-relaxes-the-collector.md.
"""

import gc


def main() -> None:
    """Run ``skinscore``."""
    gc.set_threshold(100_000, 50, 50)
    from skinscore.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
