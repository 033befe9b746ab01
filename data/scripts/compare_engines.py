"""What `autodeco-bench model` and the compare_*.py scripts share: running it, and printing both sides in turn."""

import json
import os
import subprocess

PROMPT_TOKENS = 1024
# As in autodeco-bench model.
START = [131 * i for i in range(10)]


def threads():
    """Threads that both sides use: AUTODECO_THREADS, or one for each core that this process may use."""
    return int(os.environ.get("AUTODECO_THREADS", 0)) or len(os.sched_getaffinity(0))


def ours(program, model, samples=None, tokens=None, precision="auto"):
    """One run of `autodeco-bench model --json`."""
    command = [program, "model", "--model", model, "--precision", precision, "--json"]
    if samples:
        command += ["--samples", str(samples), "--tokens", str(tokens)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def arguments(parser):
    parser.add_argument("--bench", default=".build/release/autodeco-bench", help="our program")
    parser.add_argument("--rounds", type=int, default=3, help="both sides in turn; the fastest round of each counts")
    return parser


def compare(engine, rounds, measure_ours, measure_theirs, keys):
    """Both sides in turn, and a table of their fastest rates.

    `keys` are (name in the table, key of our JSON, key of what `measure_theirs` returns).
    """
    best_ours, best_theirs = {}, {}
    for _ in range(rounds):
        for best, rates in ((best_ours, measure_ours()), (best_theirs, measure_theirs())):
            for key, value in rates.items():
                if isinstance(value, (int, float)):
                    best[key] = max(best.get(key, 0), value)
    print(f"{'tokens/s':52}{'here':>10}{engine:>24}{'ratio':>8}")
    for name, own, other in keys:
        here, there = best_ours[own], best_theirs[other]
        print(f"{name:52}{here:10.1f}{there:24.1f}{here / there:8.2f}")
