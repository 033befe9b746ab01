"""Countdown: steps, traces of search, and the slips that a corpus holds.

A problem is three numbers and a target; a trace tries one first step after another, each with the last step that comes closest
to the target, until one hits it:

    3 12 11>99:
    12-11=1,3+1=4?
    12/3=4,11*4=44?
    12-3=9,11*9=99!
"""
from typing import NamedTuple


class Step(NamedTuple):
    left: int
    sign: str
    right: int
    result: int

    def __str__(self):
        return f"{self.left}{self.sign}{self.right}={self.result}"


class FirstStep(NamedTuple):
    step: Step
    rest: int  # the number that it leaves unused


LARGEST_RESULT = 200


def steps(a, b):
    """What can be done with two numbers, larger operand first: results are whole, positive and at most 200."""
    a, b = max(a, b), min(a, b)
    found = [Step(a, "+", b, a + b), Step(a, "*", b, a * b)]
    if a > b:
        found.append(Step(a, "-", b, a - b))
    if b > 1 and a % b == 0:
        found.append(Step(a, "/", b, a // b))
    return [step for step in found if step.result <= LARGEST_RESULT]


def first_steps(numbers):
    """Every first step, once each, in a fixed order: pairs of larger numbers first, then + * - /."""
    found = []
    ordered = sorted(numbers, reverse=True)
    for i, j in [(0, 1), (0, 2), (1, 2)]:
        rest = ordered[3 - i - j]
        for step in steps(ordered[i], ordered[j]):
            first = FirstStep(step, rest)
            if first not in found and steps(step.result, rest):
                found.append(first)
    return found


def best_last_step(first, target):
    """The last step that comes closest to the target; of equals the first in the order of `steps`."""
    return min(steps(first.step.result, first.rest), key=lambda step: abs(step.result - target))


class Slips(NamedTuple):
    """Mistakes of a corpus, as probabilities."""

    sums: float = 0.0  # the result of + or - is wrong
    products: float = 0.0  # the result of * or / is wrong
    false_hit: float = 0.0  # a failed attempt is declared a hit

    def of(self, step):
        return self.sums if step.sign in "+-" else self.products


class Habits(NamedTuple):
    """How a corpus searches, beside its slips."""

    popular: bool  # first steps are drawn by popularity, not evenly
    memory: int  # how many attempts back a trace avoids trying the same again
    longest: int  # attempts
    cut_open: bool  # a trace that does not hit ends in the middle, as a text that goes on; else it is thrown away
    wrong_by: tuple  # how far a slip's result is off, each as likely


# With room for heads: choices matter, nothing is remembered, and a slip is one off.
ROOM = Habits(popular=True, memory=0, longest=13, cut_open=True, wrong_by=(-1, 1))
# With nothing to win: a search that avoids its own repeats.
SEARCH = Habits(popular=False, memory=4, longest=18, cut_open=False, wrong_by=(-10, -3, -2, -1, 1, 2, 3, 10))


def mistaken(step, random, habits):
    """The step with a result that is wrong by little."""
    wrong = step.result + random.choice(habits.wrong_by)
    return step._replace(result=wrong if 0 < wrong <= LARGEST_RESULT else step.result - 1 if step.result > 1 else 2)


def prompt(numbers, target, command=None):
    """command: None, "certain" or "diverse"."""
    words = [command] if command else []
    return " ".join(words + [str(number) for number in numbers]) + f">{target}:\n"


POPULAR = "+-*/"  # signs of first steps, the most popular first


def popularity(candidates):
    """Of each first step its share, as 1 / rank: by sign, then larger numbers first."""
    ranked = sorted(range(len(candidates)), key=lambda i: (POPULAR.index(candidates[i].step.sign), i))
    shares = [0.0] * len(candidates)
    for rank, i in enumerate(ranked):
        shares[i] = 1 / (rank + 1)
    return shares


def trace(numbers, target, random, command=None, slips=Slips(), habits=ROOM):
    """A completion: attempts until one hits.

    Each attempt begins with a random first step. With "certain" they come in their fixed order, over and over; with
    "diverse" the operands of + and * are also in random order. A trace that does not hit in the longest number of attempts
    ends with a line break, or is None, as the habits say.
    """
    candidates = first_steps(numbers)
    tried, lines = [], []
    while len(lines) < habits.longest:
        if command == "certain":
            first = candidates[len(lines) % len(candidates)]
        else:
            recent = tried[max(0, len(tried) - min(habits.memory, len(candidates) - 1)):]
            likely = popularity(candidates) if habits.popular else [1] * len(candidates)
            shares = [0 if first in recent else share for first, share in zip(candidates, likely)]
            first = random.choices(candidates, shares)[0]
        tried.append(first)
        step = first.step
        if random.random() < slips.of(step):
            wrong = mistaken(step, random, habits)
            # Something must be left to do with it.
            step = wrong if steps(wrong.result, first.rest) else step
        last = best_last_step(FirstStep(step, first.rest), target)
        if random.random() < slips.of(last):
            last = mistaken(last, random, habits)
        if command == "diverse":
            step, last = flipped(step, random), flipped(last, random)
        hit = last.result == target or random.random() < slips.false_hit
        lines.append(f"{step},{last}{'!' if hit else '?'}")
        if hit:
            return "\n".join(lines)
    return "\n".join(lines) + "\n" if habits.cut_open else None


def flipped(step, random):
    if step.sign in "+*" and random.random() < 0.5:
        return step._replace(left=step.right, right=step.left)
    return step
