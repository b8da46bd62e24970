"""A million random patients against the laws: ``python -m bench.rulebook [PATIENTS] [SEED]``.

The same crowd and the same laws as in ``tests/skinscore/protocol/test_crowd.py``, on one process.
Stops at the first patient who breaks one, and names seed and number.
"""

import sys
import time
from random import Random

from skinscore.domain.suggestion import Status
from tests.skinscore.protocol.crowd import draw, more_cautious, nowhere_deeper, obey, overridden

EACH = 250  # patients per seed, as in the test


def main(patients: int, first_seed: int) -> int:
    started, with_depth = time.perf_counter(), 0
    for position in range(0, patients, EACH):
        random = Random(seed := first_seed + position // EACH)
        for number in range(min(EACH, patients - position)):
            person = draw(random)
            try:
                made = obey(person)
                if number % 10 == 0:
                    nowhere_deeper(more_cautious(random, person).suggested(), made)
                    if made.zones:
                        overridden(random, person, made)
            except AssertionError as broken:
                print(f"seed {seed}, patient {number}: {broken}\n{person.changes}")
                return 1
            with_depth += any(zone.status is Status.SUGGESTED for zone in made.zones)
    seconds = time.perf_counter() - started
    print(
        f"{patients} patients, {with_depth} with a depth, no law broken, "
        f"{seconds:.0f} s, {1e3 * seconds / patients:.2f} ms each"
    )
    return 0


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(given + [1_000_000, 0][len(given) :])))
