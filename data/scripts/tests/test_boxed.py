"""Unit tests of how export_cache.py judges boxed answers; they need neither torch nor a model."""
import json
import os
import sys
import tempfile
import time
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
try:
    import export_cache as ec
except ImportError:  # without torch: judging uses none of it
    with mock.patch.dict(sys.modules, torch=mock.MagicMock(), numpy=mock.MagicMock()):
        import export_cache as ec

from boxed_pairs import BoxedPairs  # noqa: E402

# The pairs of BoxedFaultsTests.swift, with the same verdicts.
EQUAL = [
    (r"\frac{3}{100}", "0.03"), (r"\frac{12}{127}", "12/127"), (r"\pm 3", "3,-3"), (r"\ln(2)", r"\ln 2"),
    (r"\binom52", "10"), (r"0.\overline{3}", "1/3"), (r"0.1\overline{6}", "1/6"), ("1.5e3", "1500"), ("2e-3", "0.002"),
    ("2e-3", "-3+2e"), ("–3", "-3"), (r"\lvert x\rvert", "|x|"), ("yes", "Yes"), (r"3<x\le4", "(3,4]"),
    (r"x\ge 2", r"[2,\infty)"), (r"4\ge x>3", "(3,4]"), (r"n\text{ is even}", "n"), (r"5\text{ km}", "5"),
    (r"5\text{ km}", r"5\text{ kilometers}"), (r"60^\circ", "60"), (r"50\%", "50"), (r"6-5\mathrm{i}", "6-5i"),
    (r"5\,\mathrm{m}", "5"), ("100, 3", "3, 100"), (r"\frac{1,000}{3}", r"\frac{1000}{3}"),
    (r"5\text{ square cm}", r"5\text{ cm}^2"), ("1., 2., 3.", "1,2,3"), ("(1,2.)", "(1,2)"), ("1;2;3", "1,2,3"),
    ("1, 2 and 3.", "1,2,3"), (r"{3\over 4}", "3/4"), (r"3 \over 4", "0.75"), (r"\nicefrac{1}{2}", "0.5"),
    ("(x,y)=(1,2)", "(1, 2)"), ("f(x)=2x+1", "1+2x"), (r"30^\circ\text{C}", "30"), ("{}5", "5"),
    (r"\tan^{-1}(2)", r"\arctan 2"), (r"\sin^{-1}\frac12", r"\frac{\pi}{6}"),
    (r"30^\circ\text{C}", r"30^\circ\mathrm{C}"), (r"\underline{5}", "5"), (r"\approx 3.14", "3.14"),
    (r"\{\}", r"\emptyset"), (r"\mathbb{R}\setminus\{0\}", r"\mathbb{R} \backslash \{0\}"),
]
DIFFERENT = [
    (r"\frac{12}{127}", r"\frac{12}{125}"), (r"6-5\mathrm{i}", "1"), (r"5\mathbb{Z}", r"5\mathbb{R}"),
    (r"5\mathbf{j}", "5"), (r"n\text{ is even}", r"n\text{ is odd}"), (r"5\text{ km}", r"5\text{ m}"), (r"\pm 3", "3"),
    (r"\ln(2)", r"\ln 3"), ("x<3", "y<3"), ("x<3", r"x\le3"), ("|x|", "x"), (r"\Delta+1", r"\delta+1"),
    ("2x+A", "2x+a"), (r"0.\overline{3}", "0.3"),
    (r"\sin^{-1}{2}", r"\frac{1}{\sin 2}"), (r"{3\over 4}", "4/3"), ("(x,y)=(1,2)", "(2,1)"), ("x=1;y=2", "2,1"), (r"30^\circ\text{C}", r"30^\circ\text{F}"),
    (r"0.\overline{3}, 1.", "0.3,1"), (r"\{\}", r"\{0\}"), ("1;200", "1200"),
    (r"170141183460469231731687303715884105727\frac{1}{2}", "170141183460469231731687303715884105727"),
]


def is_right(given, answer):
    return ec.is_right(f"so \\boxed{{{given}}}.", answer)


class BoxedTests(unittest.TestCase):
    def test_equal_answers(self):
        for a, b in EQUAL:
            with self.subTest(a=a, b=b):
                self.assertTrue(is_right(a, b) and is_right(b, a))

    def test_different_answers(self):
        for a, b in DIFFERENT:
            with self.subTest(a=a, b=b):
                self.assertFalse(is_right(a, b) or is_right(b, a))

    def test_numbers_out_of_range_are_wrong(self):
        for given in (
            "2^{-9223372036854775808}", "2^{9223372036854775808}", "x^{-9223372036854775808}",
            r"\sqrt[-9223372036854775808]{2}", "9223372036854775808!", "-170141183460469231731687303715884105728",
            r"\binom{170141183460469231731687303715884105727}{3}", "1e-9223372036854775808",
            "1e99999999999999999999", r"0.\overline{99999999999999999999999999999999999999999}",
            "9" * 5000, "9" * 5000 + ".5", "3" + r"\frac{1}{" + "9" * 5000 + "}", "1e" + "9" * 5000,
            r"0.\overline{" + "9" * 5000 + "}", r"\ln(0)", r"\arcsin 2", r"\exp(10^{9})",
        ):
            with self.subTest(given=given[:60]):
                self.assertFalse(is_right(given, "5"))

    def test_complex_numbers_out_of_range_are_wrong(self):
        # Each part is finite, but abs() of them raises OverflowError.
        huge = r"(1.5\pi^{500}\pi^{119})"
        for given in (huge + "+" + huge + "i", huge + r"-\sqrt{-" + huge + "}"):
            self.assertFalse(is_right(given, "5"))
        self.assertFalse(ec.Value(complex(1.2e308)).equals(ec.Value(complex(0, -1.5e308))))

    def test_unbalanced_and_nested_boxes_take_linear_time(self):
        start = time.monotonic()
        self.assertIsNone(ec.last_boxed("\\boxed{" * 17_000))
        self.assertEqual(ec.last_boxed("\\boxed{" * 17_000 + "1" + "}" * 17_000), "1")
        self.assertLess(time.monotonic() - start, 2)

    def test_random_pairs_are_judged_as_they_were_made(self):
        for kind, a, b, is_same in BoxedPairs(seed=1).pairs(10_000):
            if is_right(a, b) != is_same or is_right(b, a) != is_same:
                self.fail(f"{kind}: {a} and {b} are {'the same' if is_same else 'different'}")

    def test_answers_are_judged_as_was_decided_beside_math_verify(self):
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "answer_pairs.jsonl")) as file:
            for pair in map(json.loads, file):
                with self.subTest(pair=pair):
                    self.assertEqual(is_right(pair["given"], pair["answer"]), pair["same"])

    def test_numbers_in_json_keep_their_own_text(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "problems.jsonl")
            texts = ("12345678901234567890", "1e-7", "1.50", "-0", "9" * 5000)
            with open(path, "w") as file:
                file.writelines(f'{{"problem": "?", "gt": {text}, "id": {text}}}\n' for text in texts)
            self.assertEqual(ec.read_problems(path), [(text, "?", text) for text in texts])
            for line in ('{"problem": 5, "gt": 5}', '{"problem": "?", "gt": true}', '{"problem": "?", "gt": NaN}'):
                with open(path, "w") as file:
                    file.write(line)
                with self.assertRaises(ec.InputError):
                    ec.read_problems(path)


if __name__ == "__main__":
    unittest.main()
