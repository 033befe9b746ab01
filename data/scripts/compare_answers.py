#!/usr/bin/env python3
"""Judges pairs of answers with the library math-verify and with the toolkit's verifier `boxed`, and lists those that
the two judge otherwise, with our decision and its reason.

    python -m venv runs/math-verify && runs/math-verify/bin/pip install math-verify
    runs/math-verify/bin/python data/scripts/compare_answers.py --inspect .build/release/autodeco-inspect

A line of the file of pairs holds `given` and `answer`, our decision `same`, which the tests of both implementations
hold, and a `reason` where math-verify judges otherwise. Exit status: 0 where each difference has a reason, 1 where one
has none or a reason has no difference, 2 for bad input.
"""
import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tests")


def read_pairs(path):
    pairs = []
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                pair = json.loads(line)
                if not all(isinstance(pair.get(name), str) for name in ("given", "answer")):
                    raise ValueError("has no texts given and answer")
                pairs.append(pair)
    except (OSError, ValueError, AttributeError) as error:
        where = "" if isinstance(error, OSError) else f", line {len(pairs) + 1}"
        fail(f"{path}{where}: {error}, expected one {{\"given\": …, \"answer\": …}} a line")
    return pairs


def ours(pairs, program):
    """Our verdicts: what `autodeco-inspect judge` says of each pair."""
    if not os.access(program, os.X_OK):
        fail(f"{program}: is no program, expected autodeco-inspect; build it, and name it with --inspect")
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for pair in pairs:
            completion = f"So the answer is \\boxed{{{pair['given']}}}."
            file.write(json.dumps({"completion": completion, "answer": pair["answer"]}) + "\n")
        file.flush()
        run = subprocess.run(
            [program, "judge", "--verifier", "boxed", "--input", file.name, "--json"], capture_output=True, text=True)
    if run.returncode:
        fail(f"{program} ended with status {run.returncode}: {run.stderr.strip()}")
    return [json.loads(line)["verdict"] == "correct" for line in run.stdout.splitlines()]


def theirs(pairs):
    """math-verify's verdicts; both answers stand in a box, as they do in completions."""
    try:
        from math_verify import parse, verify
    except ImportError:
        fail("math-verify is not installed; install it with pip install math-verify")
    return [verify(parse(f"$\\boxed{{{p['answer']}}}$"), parse(f"$\\boxed{{{p['given']}}}$")) for p in pairs]


def fail(message):
    print(f"compare_answers.py: {message}", file=sys.stderr)
    sys.exit(2)


def word(is_right):
    return "same" if is_right else "different"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--inspect", default=".build/release/autodeco-inspect", help="the program autodeco-inspect")
    parser.add_argument("--pairs", default=os.path.join(TESTS, "answer_pairs.jsonl"), help="JSONL file of pairs")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="count over N random pairs, by kind, instead")
    a = parser.parse_args()
    if a.random:
        return count_random(a.random, a.inspect)
    pairs = read_pairs(a.pairs)
    difference_count = unexplained_count = 0
    for pair, mine, other in zip(pairs, ours(pairs, a.inspect), theirs(pairs), strict=True):
        reason = pair.get("reason")
        if mine == other and reason is None:
            continue
        difference_count += mine != other
        unexplained_count += (mine != other) != (reason is not None)
        reason = reason or "NO REASON IS GIVEN"
        if mine == other:
            reason = "NO DIFFERENCE, but a reason is given"
        print(f"{pair['given']}  |  {pair['answer']}\n    ours {word(mine)}, math-verify {word(other)}: {reason}")
    print(f"{len(pairs)} pairs, {difference_count} judged otherwise, {unexplained_count} of them not settled",
          file=sys.stderr)
    return 1 if unexplained_count else 0


def count_random(count, program):
    """How often either judge is wrong on pairs whose truth is known by construction."""
    sys.path.insert(0, TESTS)
    from boxed_pairs import BoxedPairs
    made = list(BoxedPairs(seed=1).pairs(count))
    pairs = [{"given": a, "answer": b} for _, a, b, _ in made]
    wrong, total = collections.Counter(), collections.Counter()
    for (kind, _, _, is_same), mine, other in zip(made, ours(pairs, program), theirs(pairs), strict=True):
        total[kind] += 1
        wrong[kind, "ours"] += mine != is_same
        wrong[kind, "theirs"] += other != is_same
    print("kind, pairs, judged wrongly by ours, by math-verify")
    for kind in total:
        print(f"{kind}, {total[kind]}, {wrong[kind, 'ours']}, {wrong[kind, 'theirs']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
