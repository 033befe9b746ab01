"""Makes goldens of GGUF's block types: a file with one small tensor of each, and what gguf-py makes of them.

    pip install gguf safetensors
    python data/scripts/make_gguf_goldens.py Tests/Goldens/gguf

Writes blocks.gguf and blocks.safetensors. Types that gguf-py does not write get random bytes with sound scales. Seeded:
run again with the same libraries, it writes the same bytes.
"""
import os
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFWriter
from gguf.quants import dequantize, quantize
from safetensors.numpy import save_file

QUANTISED = ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "MXFP4")
# Where half-precision scales lie in a block of the types that gguf-py only reads.
SCALES = {"Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,), "IQ4_NL": (0,), "IQ4_XS": (0,)}
ROWS, COLUMNS = 2, 512


def blocks(name, random):
    kind = GGMLQuantizationType[name]
    if name in QUANTISED:
        return quantize(random.standard_normal((ROWS, COLUMNS), dtype=np.float32), kind)
    size, width = GGML_QUANT_SIZES[kind]
    made = random.integers(0, 256, (ROWS * COLUMNS // size, width), dtype=np.uint8)
    for place in SCALES[name]:
        scales = (random.standard_normal(len(made)) * 0.02).astype(np.float16)
        made[:, place:place + 2] = scales.view(np.uint8).reshape(-1, 2)
    return made.reshape(ROWS, -1)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    random, expected = np.random.default_rng(16), {}
    writer = GGUFWriter(os.path.join(folder, "blocks.gguf"), "blocks")
    for name in (*QUANTISED, *SCALES):
        data, kind = blocks(name, random), GGMLQuantizationType[name]
        writer.add_tensor(name, data, raw_dtype=kind)
        expected[name] = dequantize(data, kind).astype(np.float32).reshape(ROWS, COLUMNS)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(expected, os.path.join(folder, "blocks.safetensors"))


if __name__ == "__main__":
    main(*sys.argv[1:])
