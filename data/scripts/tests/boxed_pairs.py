"""Pairs of answers in LaTeX whose truth is known by construction: two ways of writing one value, or two values one
digit apart. The kinds are numbers, fractions, roots and so on, a method each."""
import math
import random
from fractions import Fraction


class BoxedPairs:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pairs(self, count):
        """(kind, one answer, another, whether they are the same)."""
        kinds = [
            self.number, self.fraction, self.root, self.tuple, self.set, self.interval, self.mixed, self.percent,
            self.degrees, self.unit, self.plus_minus, self.text, self.decimal, self.sum, self.list, self.ray,
            self.fractions, self.nested,
        ]
        for place in range(count):
            kind = kinds[place % len(kinds)]
            is_same = place // len(kinds) % 2 == 0
            value = kind(None)
            other = value[0] if is_same else self.changed(kind, value[0])
            yield kind.__name__, self.dressed(value[1]), self.dressed(kind(other)[1]), is_same

    def changed(self, kind, value):
        """A value of the kind that differs in one digit."""
        while True:
            parts = list(value)
            places = [i for i, part in enumerate(parts) if type(part) is int]
            place = self.random.choice(places)
            digits = list(str(parts[place]))
            digit = self.random.choice([i for i, sign in enumerate(digits) if sign.isdigit()])
            digits[digit] = str((int(digits[digit]) + self.random.randint(1, 9)) % 10)
            parts[place] = int("".join(digits))
            if self.is_valid(kind, parts) and self.key(kind, parts) != self.key(kind, value):
                return tuple(parts)

    def is_valid(self, kind, parts):
        """Whether no denominator is 0, no interval empty, no radicand and no `\\pm` of nothing."""
        if kind in (self.fraction, self.ray):
            return parts[1] > 1
        if kind in (self.fractions, self.nested):
            return all(below > 1 for below in parts[1::2])
        if kind == self.list:
            return len(set(parts)) == len(parts)
        if kind == self.sum:
            return parts[1] > 0 and parts[2] > 1 and math.isqrt(parts[2]) ** 2 != parts[2]
        if kind == self.root:
            return parts[0] > 0 and parts[1] > 1 and parts[2] > 1
        if kind == self.mixed:
            return parts[0] > 0 and 0 < parts[1] < parts[2]
        if kind == self.interval:
            return parts[0] < parts[1]
        if kind == self.plus_minus:
            return parts[0] > 0
        return True

    def key(self, kind, parts):
        """Equal where the values are equal."""
        if kind == self.fraction:
            return Fraction(parts[0], parts[1])
        if kind == self.ray:
            return Fraction(parts[0], parts[1]), *parts[2:]
        if kind in (self.fractions, self.nested):
            return [Fraction(*pair) for pair in zip(parts[::2], parts[1::2])]
        if kind == self.decimal:
            return Fraction(parts[0], 10 ** len(parts[1])), len(parts[1])
        if kind == self.sum:
            return parts[0], parts[1] ** 2 * parts[2]
        if kind == self.root:
            return Fraction(parts[0] ** parts[2] * parts[1]), parts[2]
        if kind == self.mixed:
            return parts[0] + Fraction(parts[1], parts[2])
        return sorted(parts) if kind in (self.set, self.list) else tuple(parts)

    def dressed(self, text):
        """What says nothing: braces around all, dollars, spaces, an end of sentence."""
        for _ in range(self.random.choice((0, 0, 1, 2))):
            text = self.random.choice(("{{{}}}", "${}$", " {} ", "{}.", "{}\\,.", "\\displaystyle {}", "\\({}\\)",
                "$${}$$")).format(text)
        return text

    def whole(self):
        """Up to seven digits, of which zeros and groups of three are not rare."""
        low, high = self.random.choice(((0, 99), (100, 999), (1000, 9_999_999)))
        return self.random.randint(low, high)

    def written_whole(self, n, allows_commas=True):
        plain, sign = str(abs(n)), self.random.choice(("-", "−", "–")) if n < 0 else ""
        groups = f"{abs(n):,}"
        forms = [plain, plain, "0" + plain if n > 9 else plain, plain + ".0", plain + "."]
        if abs(n) >= 1000:
            forms += [groups.replace(",", separator) for separator in ("{,}", "\\,")]
            forms += [groups, groups.replace(",", ",\\!")] * allows_commas
        if abs(n) >= 1000 and n % 10 == 0:
            mantissa = abs(n) / 1000
            forms += [f"{mantissa:.3f}e3", f"{mantissa:.3f}\\times 10^3", f"{mantissa:.3f} \\cdot 10^{{3}}"]
        return sign + self.random.choice(forms)

    def digits(self, n):
        """A whole number from 0 up as it stands in fractions and roots."""
        return self.random.choice((str(n), str(n), f"{{{n}}}", f"{{{{{n}}}}}", f"\\,{n}", f"{n} "))

    def number(self, value):
        value = value or (self.whole() * self.random.choice((1, -1)),)
        return value, self.written_whole(value[0])

    def fraction(self, value):
        value = value or (self.whole(), self.whole() + 2)
        above, below = value
        forms = [f"{name}{{{self.digits(above)}}}{{{self.digits(below)}}}" for name in ("\\frac", "\\dfrac",
        "\\tfrac", "\\nicefrac")]
        forms += [f"{above}/{below}", f"\\frac{{{3 * above}}}{{{3 * below}}}", f"{above} \\div {below}",
                  f"{{{above} \\over {below}}}", f"{above}\\over{below}"]
        if above < 10 and below < 10:
            forms += [f"\\frac{above}{below}", f"\\frac {above} {below}", f"\\frac{{{above}}}{below}"]
        if 10**8 % below == 0:
            forms.append(f"{above / below:.8f}".rstrip("0").rstrip("."))
        return value, self.random.choice(forms)

    def root(self, value):
        radicands = (2, 3, 5, 7, 11, 101, 127, 576, 997)
        value = value or (
            self.random.randint(1, 99), self.random.choice(radicands), self.random.choice((2, 2, 3)))
        outer, inner, degree = value
        name = "\\sqrt" if degree == 2 else f"\\sqrt[{degree}]"
        root, shown = f"{name}{{{self.digits(inner)}}}", "" if outer == 1 else str(outer)
        forms = [
            f"{shown}{root}", f"{outer}\\cdot {root}", f"{name}{{{outer**degree * inner}}}", f"{root}\\times{outer}",
            f"{shown}\\left({root}\\right)", f"{outer} {{{root}}}", f"\\frac{{{outer * 2}{root}}}{{2}}",
            f"{outer}*{inner}^{{1/{degree}}}",
        ]
        return value, self.random.choice(forms)

    def elements(self, value):
        """Numbers that stand in brackets, where a comma separates."""
        return [self.written_whole(n, allows_commas=False) for n in value]

    def tuple(self, value):
        count = self.random.randint(2, 4)
        value = value or tuple(self.whole() * self.random.choice((1, -1)) for _ in range(count))
        separator = self.random.choice((",", ", ", ",\\,", " , ", "; "))
        open, close = self.random.choice((("(", ")"), ("\\left(", "\\right)"), ("\\bigl( ", " \\bigr)")))
        return value, open + separator.join(self.elements(value)) + close

    def set(self, value):
        if value is None:
            value = tuple(self.random.sample(range(1000), self.random.randint(2, 4)))
        elements = self.elements(value)
        self.random.shuffle(elements)
        open, close = self.random.choice((("\\{", "\\}"), ("\\left\\{", "\\right\\}"), ("\\lbrace ", "\\rbrace")))
        return value, open + self.random.choice((",", ", ")).join(elements) + close

    def interval(self, value):
        if value is None:
            low = self.whole() * self.random.choice((1, -1))
            value = low, low + self.whole() + 1, self.random.choice("(["), self.random.choice(")]")
        low, high = self.elements(value[:2])
        less = "<" if value[2] == "(" else self.random.choice(("\\le", "\\leq ", "≤"))
        most = "<" if value[3] == ")" else self.random.choice(("\\le", "\\leq ", "≤"))
        more, least = ({"<": ">"}.get(sign, "\\ge ") for sign in (less, most))
        forms = [
            f"{value[2]}{low},{high}{value[3]}", f"\\left{value[2]}{low}, {high}\\right{value[3]}",
            f"x\\in {value[2]}{low}, {high}{value[3]}", f"{low}{less} x{most} {high}", f"{high} {least}x {more}{low}",
        ]
        return value, self.random.choice(forms)

    def mixed(self, value):
        if value is None:
            below = self.random.choice((self.random.randint(2, 12), self.random.randint(100, 999)))
            value = self.random.randint(1, 999), self.random.randint(1, below - 1), below
        whole, above, below = value
        forms = [
            f"{whole}\\frac{{{above}}}{{{below}}}", f"{whole} \\frac{{{above}}}{{{below}}}", f"{whole} {above}/{below}",
            f"\\frac{{{whole * below + above}}}{{{below}}}", f"{whole}\\!\\dfrac{{{above}}}{{{below}}}",
            f"{whole}+\\frac{{{above}}}{{{below}}}",
        ]
        return value, self.random.choice(forms)

    def percent(self, value):
        value = value or (self.whole(),)
        signs = ("", "\\%", "%", " \\%", "\\text{ percent}", " percent")
        return value, self.written_whole(value[0]) + self.random.choice(signs)

    def degrees(self, value):
        value = value or (self.whole(),)
        signs = ("", "^\\circ", "^{\\circ}", "°", "\\degree", "\\text{ degrees}")
        return value, self.written_whole(value[0]) + self.random.choice(signs)

    def unit(self, value):
        value = value or (self.whole(), self.random.choice("abcdefg"))
        forms = {
            "a": ("", "\\text{ km}", "\\,\\mathrm{km}", " km", "\\text{ kilometers}", "\\ \\text{kilometres}"),
            "b": ("", "\\text{ cm}^2", "\\,\\mathrm{cm}^{2}", "\\text{ square centimeters}", " cm^2"),
            "d": ("", "\\text{ kg}", "\\,\\mathrm{kg}", "\\text{ kilograms}", " kg"),
            "e": ("", "\\text{ hours}", "\\text{ h}", "\\text{ hour}", " hours", "\\textrm{ hr}"),
            "f": ("", "\\text{ m}^3", "\\,\\mathrm{m}^3", "\\text{ cubic meters}", "\\text{ m}^{3}",
            "\\text{ cubic metres}"),
            "g": ("", "\\text{ km/h}", "\\text{ km per hour}", "\\text{ kilometers per hour}", "\\,\\mathrm{km/h}"),
            "c": ("", "\\text{ apples}", "\\text{ apple}", "\\mbox{ apples}", "\\textrm{ apples}"),
        }
        return value, self.written_whole(value[0]) + self.random.choice(forms[value[1]])

    def plus_minus(self, value):
        value = value or (self.whole() + 1,)
        n = value[0]
        return value, self.random.choice((
            f"\\pm {n}", f"\\pm{n}", f"{n},-{n}", f"-{n}, {n}", f"\\{{{n}, -{n}\\}}", f"±{n}",
            f"{n}\\text{{ or }}-{n}", f"\\mp {n}", f"x=\\pm {n}", f"x = {n}, x = -{n}", f"\\{{\\pm {n}\\}}",
            f"-{n}\\text{{ and }}{n}", f"{n} or -{n}", f"\\pm\\sqrt{{{n * n}}}", f"\\pm\\frac{{{2 * n}}}{{2}}",
            f"\\pm{{{n}}}"))

    def decimal(self, value):
        """A whole number over a power of ten; what is behind its point tells how many digits."""
        value = value or (self.whole() * self.random.choice((1, -1)), "0" * self.random.randint(1, 4))
        above, power = abs(value[0]), 10 ** len(value[1])
        whole, rest = str(above // power), str(above % power).zfill(len(value[1]))
        groups = f"{above // power:,}"
        forms = [f"{whole}.{rest}", f"{whole}.{rest}0", f"{{{whole}.{rest}}}", f"\\frac{{{above}}}{{{power}}}",
                 f"{groups}.{rest}", f"{groups.replace(',', '{,}')}.{rest}", f"{above}e-{len(value[1])}",
                 f"{above}\\times 10^{{-{len(value[1])}}}", f"{above} \\cdot 10^{{-{len(value[1])}}}"]
        if whole == "0":
            forms.append(f".{rest}")
        return value, ("-" if value[0] < 0 else "") + self.random.choice(forms)

    def sum(self, value):
        """A number and a root, in either order."""
        value = value or (self.random.randint(1, 99), self.random.randint(1, 12),
                          self.random.choice((2, 3, 5, 7, 101)))
        n, outer, inner = value
        root = f"\\sqrt{{{self.digits(inner)}}}"
        shown = "" if outer == 1 else str(outer)
        return value, self.random.choice((
            f"{n}+{shown}{root}", f"{shown}{root}+{n}", f"{n} + {outer}\\cdot{root}",
            f"\\sqrt{{{outer**2 * inner}}} + {n}",
            f"\\frac{{{2 * n}+{2 * outer}{root}}}{{2}}", f"{n}-(-{outer}){root}", f"\\left({n}+{shown}{root}\\right)",
            f"{n}+{outer * inner}/{root}", f"{n} + \\frac{{{outer * inner}}}{{{root}}}",
            f"{n}+{outer}({inner})^{{1/2}}",
            f"{n}+{shown}\\sqrt{{{{{inner}}}}}", f"{{{n}}}+{{{shown}{root}}}"))

    def list(self, value):
        """Numbers without brackets, in any order."""
        if value is None:
            value = tuple(self.random.sample(range(100), self.random.randint(2, 4)))
        elements = [str(n) for n in value]
        self.random.shuffle(elements)
        separator = self.random.choice((", ", " , ", ",\\ ", ",\\;", "; ", "., "))
        *first, last = elements
        return value, self.random.choice((
            separator.join(elements), f"{separator.join(first)} and {last}",
                f"{separator.join(first)}\\text{{ and }}{last}",
            f"{separator.join(first)}, and {last}", f"{separator.join(first)}\\text{{ or }}{last}",
            f"x={separator.join(elements)}", ", ".join(f"x={n}" for n in elements),
            f"\\{{{separator.join(elements)}\\}}",
            f"x\\in\\{{{separator.join(elements)}\\}}", f"{{{separator.join(elements)}}}."))

    def ray(self, value):
        """All from or up to a fraction."""
        value = value or (self.whole(), self.random.randint(2, 99), self.random.choice("<[>]"),
                          self.random.choice("xyt"))
        above, below, side, variable = value
        end = self.random.choice((f"\\frac{{{above}}}{{{below}}}", f"{above}/{below}",
            f"\\frac{{{2 * above}}}{{{2 * below}}}"))
        forms = {
            "<": (f"(-\\infty,{end})", f"{variable}<{end}", f"{end}>{variable}", f"\\left( -\\infty, {end} \\right)"),
            "]": (f"(-\\infty,{end}]", f"{variable}\\le {end}", f"{end} \\geq {variable}",
                  f"\\left(-∞, {end}\\right]"),
            ">": (f"({end},\\infty)", f"{variable}>{end}", f"{end}<{variable}", f"({end}, +\\infty)"),
            "[": (f"[{end},\\infty)", f"{variable}\\ge {end}", f"{end}≤{variable}",
                  f"\\left[{end}, +\\infty\\right)"),
        }
        return value, self.random.choice(forms[side])

    def fractions(self, value):
        """A pair of fractions, with signs in any place."""
        value = value or tuple(n for _ in range(2) for n in (self.whole() * self.random.choice((1, -1)),
            self.whole() + 2))
        return value, "(" + self.random.choice((",", ", ")).join(
            self.signed_fraction(*pair) for pair in zip(value[::2], value[1::2])) + ")"

    def signed_fraction(self, above, below):
        n, minus = abs(above), "-" if above < 0 else ""
        forms = [f"{minus}\\frac{{{n}}}{{{below}}}", f"\\frac{{{minus}{n}}}{{{below}}}", f"{minus}{n}/{below}",
                 f"{minus}\\dfrac{{ {n} }}{{ {below} }}", f"{minus}\\left(\\frac{{{n}}}{{{below}}}\\right)",
                 f"{minus}\\frac{{{{{n}}}}}{{{{{below}}}}}", f"{minus}{{\\frac{{{n}}}{{{below}}}}}",
                 f"\\frac{{{-above}}}{{-{below}}}",
                 f"{minus}{{{n} \\over {below}}}", f"{minus}\\frac{{{n}}}{{1}}\\cdot\\frac1{{{below}}}"]
        return self.random.choice(forms)

    def nested(self, value):
        """A fraction of fractions, in braces of braces."""
        value = value or (self.whole(), self.random.randint(2, 999))
        above, below = value
        k = self.random.randint(2, 9)
        return value, self.random.choice((
            f"{{{{\\frac{{{above}}}{{{below}}}}}}}", f"\\frac{{\\frac{{{above}}}{{{k}}}}}{{\\frac{{{below}}}{{{k}}}}}",
            f"\\frac{{{{{above}}}}}{{{{{{{below}}}}}}}", f"\\left(\\left({above}\\right)/{{{below}}}\\right)",
            f"\\frac{{{above}}}{{{below}^{{1}}}}", f"{above}\\cdot {below}^{{-1}}",
            f"\\frac{{{above}}}{{\\sqrt{{{below**2}}}}}",
            f"{{{above}}}/{{({below})}}", f"\\dfrac{{{above}\\cdot{k}}}{{{k}\\cdot{below}}}"))

    def text(self, value):
        value = value or (self.random.choice(("Evelyn", "even", "Yes", "Tuesday")), self.random.randint(0, 999))
        word, number = value
        word = self.random.choice((word, word.lower(), word.capitalize())) if len(word) > 2 else word
        command = self.random.choice(("\\text", "\\textbf", "\\mathrm", "\\mbox", "\\textit"))
        return value, self.random.choice(
            (f"{command}{{{word}}} {number}", f"{word} {number}", f"{command}{{{word} {number}}}",
             f"{word}\\ {number}"))
