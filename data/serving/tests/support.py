"""What the tests of all engines share: heads, an exact distribution from the equations line by line, and the toolkit's own predictions."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
from safetensors.numpy import load_file, save_file

ROOT = Path(__file__).resolve().parents[3]
MODEL = ROOT / "data" / "countdown" / "model"
INSPECT = Path(os.environ.get("AUTODECO_INSPECT", ROOT / ".build" / "release" / "autodeco-inspect"))
# `<s>3 5 7>22:` and a line break in the tokens of the embedded model.
PROMPT = [0, 13, 3, 15, 3, 17, 22, 12, 12, 20, 2]

# Where many tokens may follow.
FREE_PROMPT = [0, 13, 3, 15, 3, 17]

SMOLLM2 = Path(os.environ.get("AUTODECO_SMOLLM2", ROOT / "runs" / "smollm2"))
"""Where data/scripts/get_smollm2.py puts a small published model."""

sys.path[:0] = [str(ROOT / "data" / "serving" / name) for name in ("transformers", "llama_cpp")]


def write_heads(folder, hidden_size=128, temperature=True, top_p=True, features=True, top_p_bias=1.5, seed=14):
    """Random heads whose knobs differ from token to token."""
    random = numpy.random.default_rng(seed)
    config = {"hidden_size": hidden_size, "enable_temperature_head": temperature, "enable_top_p_head": top_p, "use_enhanced_features": features}
    tensors = {}
    for prefix, inputs, bias, is_there in (
        ("temp_head", hidden_size, 0.5, temperature),
        ("top_p_head", hidden_size + (5 if features else 1), top_p_bias, top_p),
    ):
        if is_there:
            tensors[f"{prefix}.mlp.0.weight"] = random.standard_normal((256, inputs)) / hidden_size**0.5
            tensors[f"{prefix}.mlp.0.bias"] = random.standard_normal(256) / 10
            tensors[f"{prefix}.mlp.2.weight"] = random.standard_normal((1, 256)) / 4
            tensors[f"{prefix}.mlp.2.bias"] = numpy.array([bias])
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    save_file({name: tensor.astype(numpy.float32) for name, tensor in tensors.items()}, str(folder / "model.safetensors"))
    return str(folder)


def exact_distribution(logits, temperature, top_p, filter="hard"):
    """Probabilities of one row, [V], in double precision, from a sort of the whole row."""
    logits = numpy.asarray(logits, dtype=numpy.float64)
    possible = logits > -1e30
    order = numpy.argsort(-numpy.where(possible, logits, -numpy.inf), kind="stable")
    weights = numpy.where(possible, numpy.exp((numpy.where(possible, logits, 0) - logits[possible].max()) / (temperature + 1e-8)), 0)
    p = weights[order] / weights.sum()
    c = numpy.minimum(p.cumsum(), 1)
    if top_p >= 1:
        keep = numpy.ones_like(p)
    elif filter == "soft":
        keep = numpy.exp(-30 * numpy.maximum(c - top_p, 0))
    elif filter == "inclusive":
        keep = (c <= top_p).astype(float)
        keep[0] = 1
    else:
        keep = numpy.concatenate([[1], (c[:-1] < top_p)]).astype(float)
    result = numpy.zeros_like(p)
    result[order] = p * keep / (p * keep).sum()
    return result


def chi_square(test, counts, expected):
    """Fails where counts differ from an expected distribution by more than one in 100,000 samples of it would."""
    counts, expected = numpy.asarray(counts, dtype=float), numpy.asarray(expected)
    total = counts.sum()
    test.assertEqual(counts[expected == 0].sum(), 0, "a token outside of the nucleus was drawn")
    common = expected * total >= 5
    observed = numpy.append(counts[common], counts[~common].sum())
    wanted = numpy.append(expected[common], expected[~common].sum()) * total
    observed, wanted = observed[wanted > 0], wanted[wanted > 0]
    freedom = len(wanted) - 1
    test.assertGreater(freedom, 1, "a distribution on one or two tokens shows nothing")
    statistic = ((observed - wanted) ** 2 / wanted).sum()
    # Wilson and Hilferty: the cube root of χ²/k is nearly normal.
    deviation = ((statistic / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / (2 / (9 * freedom)) ** 0.5
    test.assertLess(deviation, 4.3, f"χ² = {statistic:.1f} with {freedom} degrees of freedom")


def floats(values):
    """An array in float32, of an array or a torch tensor of any type."""
    return numpy.ascontiguousarray(values.float().numpy() if hasattr(values, "float") else values, dtype=numpy.float32)


def toolkit_predictions(test, heads, hidden, logits):
    """T̂ and P̂ of `autodeco-inspect predict`."""
    if not INSPECT.exists():
        test.skipTest(f"{INSPECT} is not built")
    with tempfile.TemporaryDirectory() as folder:
        source, result = f"{folder}/input.safetensors", f"{folder}/output.safetensors"
        save_file({"hidden": floats(hidden), "logits": floats(logits)}, source)
        subprocess.run([INSPECT, "predict", "--heads", heads, "--input", source, "--output", result], check=True, capture_output=True)
        found = load_file(result)
    return found["temperature"], found["top_p"]


def assert_close(test, found, expected, tolerance, what):
    difference = numpy.abs(floats(found).astype(numpy.float64) - floats(expected)).max()
    test.assertLessEqual(difference, tolerance, f"{what} differs by {difference:.2e}")
