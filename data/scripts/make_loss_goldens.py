"""Makes the goldens of losses and gradients: heads, tokens, every objective and every gradient, in float64.

    python data/scripts/make_loss_goldens.py Tests/Goldens/losses

needs torch and safetensors. Each line below is one of the equations: nothing is fused, nothing is approximated, every
token is a row of its own, and torch's autograd makes all derivatives. Inputs are rounded to float32, so that Float and
Double read the same numbers.

A file holds `hidden` [N, D], `logits` [N, V], `labels` and `easy_token_draws` [N], the heads' parameters under their
published names (`plain.top_p_head.…` where the top-p head reads no features), and for each of SETTINGS and objective

    SETTING.OBJECTIVE.loss       [1]
    SETTING.OBJECTIVE.gradient   all gradients of that setting's heads one after another, in the order of their names

The file `published` has heads of the published inner width, and what `autodeco-inspect predict` and `loss` write.
"""

import itertools
import os
import sys

import torch
from safetensors.torch import save_file

STEEPNESS, EPSILON, RELEASED_EPSILON = 30.0, 1e-9, 1e-9
SMALLEST_TEMPERATURE, SMALLEST_TEMPERATURE_OF_RELEASED_TOP_P = 1e-2, 1e-8
LARGEST_IMPOSSIBLE_LOGIT = -1e30
DROP_RATE = 0.6
LAYERS = ("mlp.0.weight", "mlp.0.bias", "mlp.2.weight", "mlp.2.bias")


# MARK: Heads


def head(x, parameters):
    """W₂ relu(W₁ x + b₁) + b₂ of one row."""
    first_weight, first_bias, second_weight, second_bias = parameters
    return (second_weight @ torch.relu(first_weight @ x + first_bias) + second_bias).squeeze()


def features(logits, temperature):
    """max p, entropy, unbiased variance and the sum of the five largest p, of p = softmax(l / (T̂+1e-8))."""
    # An impossible token has no mass and counts in V alone.
    possible = logits[logits > LARGEST_IMPOSSIBLE_LOGIT]
    p = torch.softmax(possible / (temperature.detach() + 1e-8), 0)
    size = len(logits)
    deviations = torch.cat([p, torch.zeros(size - len(p))]) - 1 / size
    entropy = -(p * torch.log(p + 1e-8)).sum()
    variance = (deviations ** 2).sum() / (size - 1) if size > 1 else torch.tensor(0.0)
    return torch.stack([p.max(), entropy, variance, p.sort(descending=True).values[:5].sum()])


def predict(hidden, logits, heads, with_features, detaches):
    """T̂ and P̂ of one token; the constant 1 for a head that is left out."""
    temperature = 2 * torch.sigmoid(head(hidden, heads["temp_head"])) if "temp_head" in heads else torch.tensor(1.0)
    if "top_p_head" not in heads:
        return temperature, torch.tensor(1.0)
    inputs = [hidden, (temperature.detach() if detaches else temperature).reshape(1)]
    if with_features:
        inputs.append(features(logits, temperature))
    return temperature, torch.sigmoid(head(torch.cat(inputs), heads["top_p_head"]))


# MARK: Losses of one token


def sorted_token(logits, label):
    """Possible logits in descending order, equal ones in the order of their ids, and the label's place."""
    ids = torch.nonzero(logits > LARGEST_IMPOSSIBLE_LOGIT).flatten()
    order = torch.sort(logits[ids], descending=True, stable=True)
    return order.values, (ids[order.indices] == label).nonzero().item()


def masked(p, top_p):
    """p⊙m of equation (2), and relu(c − P̂)."""
    excess = torch.relu(torch.cumsum(p, 0).clamp(max=1) - top_p)
    return p * torch.exp(-STEEPNESS * excess), excess


def temperature_loss(logits, rank, temperature, top_p):
    return -torch.log_softmax(logits / temperature.clamp(min=SMALLEST_TEMPERATURE), 0)[rank]


def released_top_p_loss(logits, rank, temperature, top_p):
    p = torch.softmax(logits / temperature.clamp(min=SMALLEST_TEMPERATURE_OF_RELEASED_TOP_P), 0)
    kept, _ = masked(p, top_p)
    return -torch.log(kept[rank] / (kept.sum() + EPSILON) + RELEASED_EPSILON)


def joint_loss(logits, rank, temperature, top_p):
    """−log of equation (3), in log space."""
    scaled = logits / temperature.clamp(min=SMALLEST_TEMPERATURE)
    kept, excess = masked(torch.softmax(scaled, 0), top_p)
    return -(torch.log_softmax(scaled, 0)[rank] - STEEPNESS * excess[rank] - torch.log(kept.sum() + EPSILON))


# MARK: Losses of all tokens


def mean(losses, weights, count):
    """Σ weight·loss over a count, never over Σ weight; 0 where nothing counts."""
    return (torch.stack(losses) * weights).sum() / count if count else torch.stack(losses).sum() * 0


def terms(case, heads, with_features, detaches, reweights, drop_rate):
    """The three means, with what they are made of."""
    predicted = [predict(h, l, heads, with_features, detaches) for h, l in zip(case["hidden"], case["logits"])]
    tokens = [sorted_token(l, y) for l, y in zip(case["logits"], case["labels"])]
    base = torch.stack([torch.softmax(l, 0)[rank] for l, rank in tokens]).detach()
    weights = base if reweights else torch.ones_like(base)
    drawn = zip(tokens, case["easy_token_draws"])
    kept = torch.tensor([float(rank > 0 or draw >= drop_rate) for (_, rank), draw in drawn])
    each = {
        name: [loss(*token, *pair) for token, pair in zip(tokens, predicted)]
        for name, loss in (("temp_loss", temperature_loss), ("top_p_loss", released_top_p_loss), ("joint", joint_loss))
    }
    count = int(kept.sum())
    means = {
        "temp_loss": mean(each["temp_loss"], weights * kept, count),
        "top_p_loss": mean(each["top_p_loss"], weights, len(tokens)),
        "joint": mean(each["joint"], weights * kept, count),
    }
    return means, count, predicted, each["joint"]


def objectives(means, heads):
    """What each objective minimises; `released` keeps the term of the head that is there."""
    of_head = {"temp_head": means["temp_loss"], "top_p_head": means["top_p_loss"]}
    return {"joint": means["joint"], "released": sum(of_head[name] for name in heads)}


SETTINGS = [
    dict(selection=selection, with_features=with_features, detaches=detaches, reweights=reweights, drop_rate=drop_rate)
    for selection, with_features, detaches in (
        ("both", True, True), ("both", False, True), ("both", True, False), ("both", False, False),
        ("temperature", False, True), ("topP", True, True), ("topP", False, True),
    )
    for reweights, drop_rate in itertools.product((True, False), (DROP_RATE, 0.0))
]


def title(setting):
    flags = dict(
        features=setting["with_features"], attached=not setting["detaches"], reweighted=setting["reweights"],
        masked=setting["drop_rate"])
    return "-".join([setting["selection"], *(word for word, on in flags.items() if on)])


# MARK: Cases


class Maker:
    """Seeded random numbers that float32 holds."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape, scale=1.0):
        return torch.randn(*shape, generator=self.generator).mul(scale).float().double()

    def uniform(self, *shape):
        return torch.rand(*shape, generator=self.generator).float().double()

    def head(self, inputs, inner):
        def layer(*shape):
            return ((self.uniform(*shape) * 2 - 1) * 1.5 / inputs ** 0.5).float().double()
        return [layer(inner, inputs), layer(inner), layer(1, inner), layer(1)]

    def heads(self, size, inner):
        inputs = {"temp_head": size, "top_p_head": size + 5, "plain.top_p_head": size + 1}
        return {name: self.head(count, inner) for name, count in inputs.items()}

    def hidden_where(self, wanted, logits, heads):
        """A hidden state whose T̂ and P̂ lie where they are wanted: the first of many random ones."""
        for attempt in range(20_000):
            hidden = self.normal(len(heads["temp_head"][0][0]), scale=4 + attempt % 60)
            if wanted(*predict(hidden, logits, heads, True, True)):
                return hidden
        raise SystemExit("no hidden state gives what is wanted")


def wide():
    """A vocabulary of more than one block, with impossible tokens, ties, and T̂ and P̂ at their ends."""
    maker = Maker(4)
    heads, N, V = maker.heads(3, 6), 12, 300
    logits = maker.normal(N, V, scale=2.5)
    logits[0, 10:90] = float("-inf")
    logits[1, 5] = torch.finfo(torch.float32).min
    logits[2] = (logits[2] * 2).round() / 2
    labels = torch.tensor([int(l.argsort(descending=True)[min(V - 1, 4 ** (i % 5))]) for i, l in enumerate(logits)])
    for easy in (3, 5, 7, 8):
        labels[easy] = logits[easy].argmax()
    # The second of two equal largest logits is no easy token.
    logits[6, 20] = logits[6, 200] = 11.5
    labels[6] = 200
    # A label 0.004 below the largest logit: at T̂ below 1e-2 it still has some mass.
    logits[9, 30], logits[9, 31] = 12.5, 12.5 - 1 / 256
    labels[9] = 31
    hidden = maker.normal(N, 3)
    with torch.no_grad():
        hidden[9] = maker.hidden_where(lambda t, p: 3e-3 < t < 8e-3, logits[9], heads)
        hidden[10] = maker.hidden_where(lambda t, p: 1 < t < 1.9 and 1e-3 < p < 0.05, logits[10], heads)
        hidden[11] = maker.hidden_where(lambda t, p: 0.2 < t < 1.9 and 0.99 < p < 0.9999, logits[11], heads)
    draws = maker.uniform(N)
    draws[3], draws[5], draws[7], draws[8] = 0.25, 0.59375, 0.75, 0.625
    return dict(hidden=hidden, logits=logits, labels=labels, easy_token_draws=draws), heads


def few():
    """Fewer tokens than five, and easy ones alone, all of which are dropped."""
    maker = Maker(2)
    logits = maker.normal(4, 4, scale=2)
    return dict(
        hidden=maker.normal(4, 3), logits=logits, labels=logits.argmax(1),
        easy_token_draws=torch.tensor([0.0, 0.125, 0.5, 0.59375])), maker.heads(3, 6)


def one():
    """A vocabulary of one token."""
    maker = Maker(3)
    return dict(
        hidden=maker.normal(2, 2), logits=maker.normal(2, 1), labels=torch.zeros(2, dtype=torch.int64),
        easy_token_draws=torch.tensor([0.5, 0.75])), maker.heads(2, 3)


def published():
    """Heads as wide inside as published ones, for the programs."""
    maker = Maker(4)
    N, V = 10, 40
    logits = maker.normal(N, V, scale=2)
    labels = torch.tensor([int(l.argsort(descending=True)[i % 4 * 2]) for i, l in enumerate(logits)])
    tokens = dict(hidden=maker.normal(N, 2), logits=logits, labels=labels, easy_token_draws=maker.uniform(N))
    return tokens, maker.heads(2, 256)


def of(setting, heads):
    """The heads of a setting, ready for gradients."""
    chosen = {}
    if setting["selection"] != "topP":
        chosen["temp_head"] = heads["temp_head"]
    if setting["selection"] != "temperature":
        chosen["top_p_head"] = heads["top_p_head" if setting["with_features"] else "plain.top_p_head"]
    return {name: [value.clone().requires_grad_() for value in values] for name, values in chosen.items()}


def gradients(loss, heads):
    values = [value for name in heads for value in heads[name]]
    found = torch.autograd.grad(loss, values, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(value) if gradient is None else gradient for value, gradient in zip(values, found)]


def inputs(case, heads):
    tensors = {f"{name}.{layer}": heads[name][i].float() for name in heads for i, layer in enumerate(LAYERS)}
    tensors.update({name: value if value.dtype == torch.int64 else value.float() for name, value in case.items()})
    return tensors


def settings_file(case, heads):
    tensors = inputs(case, heads)
    for setting in SETTINGS:
        chosen = of(setting, heads)
        means, _, _, _ = terms(case, chosen, **{key: value for key, value in setting.items() if key != "selection"})
        for objective, loss in objectives(means, chosen).items():
            name = f"{title(setting)}.{objective}"
            tensors[f"{name}.loss"] = loss.detach().reshape(1)
            tensors[f"{name}.gradient"] = torch.cat([gradient.flatten() for gradient in gradients(loss, chosen)])
    return tensors


def published_file(case, heads):
    heads = {name: heads[name] for name in ("temp_head", "top_p_head")}
    tensors, chosen = inputs(case, heads), of(SETTINGS[0], heads)
    means, count, predicted, joint = terms(case, chosen, True, True, True, DROP_RATE)
    temperature, top_p = (torch.stack(values) for values in zip(*predicted))
    tensors.update(temperature=temperature.detach(), top_p=top_p.detach())
    tensors.update(kept=torch.tensor([count]), token_loss=torch.stack(joint).detach())
    by_pair = [torch.autograd.grad(loss, pair, retain_graph=True) for loss, pair in zip(joint, predicted)]
    tensors["d_temperature"], tensors["d_top_p"] = (torch.stack(values) for values in zip(*by_pair))
    for name, loss in means.items():
        tensors[name] = loss.detach().reshape(1)
        found = iter(gradients(loss, chosen))
        tensors.update({f"grad.{name}.{head}.{layer}": next(found) for head in chosen for layer in LAYERS})
    return tensors


def main(folder):
    torch.set_default_dtype(torch.float64)
    os.makedirs(folder, exist_ok=True)
    for case, make in ((wide, settings_file), (few, settings_file), (one, settings_file), (published, published_file)):
        name, tensors = case.__name__, make(*case())
        unsound = [key for key, value in tensors.items() if key != "logits" and not value.double().isfinite().all()]
        if unsound:
            raise SystemExit(f"{name}: {unsound} is not finite")
        tensors = {key: value.contiguous() for key, value in tensors.items()}
        save_file(tensors, os.path.join(folder, f"{name}.safetensors"), metadata={"torch": torch.__version__.split("+")[0]})


if __name__ == "__main__":
    main(*sys.argv[1:])
