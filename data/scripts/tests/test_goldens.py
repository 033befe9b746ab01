"""The scripts that make goldens make those that are committed."""

import json
import os
import sys
import tempfile
import unittest

import torch
from safetensors.torch import load_file

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
GOLDENS = os.path.join(SCRIPTS, "../../Tests/Goldens")
sys.path.insert(0, SCRIPTS)


class Goldens(unittest.TestCase):
    def setUp(self):
        self.addCleanup(torch.set_default_dtype, torch.get_default_dtype())

    def hold(self, main, kind, suffix, compare):
        with tempfile.TemporaryDirectory() as folder:
            main(folder)
            made = sorted(
                os.path.relpath(os.path.join(place, name), folder)
                for place, _, names in os.walk(folder) for name in names if name.endswith(suffix))
            self.assertGreater(len(made), 0)
            for path in made:
                with self.subTest(path):
                    compare(os.path.join(folder, path), os.path.join(GOLDENS, kind, path))

    def close(self, tolerance):
        """Another version of torch may sum in another order."""
        def compare(made, committed):
            made, committed = load_file(made), load_file(committed)
            self.assertEqual(made.keys(), committed.keys())
            for name, value in made.items():
                with self.subTest(name):
                    torch.testing.assert_close(value, committed[name], rtol=tolerance, atol=tolerance)
        return compare

    def test_losses(self):
        import make_loss_goldens
        self.hold(make_loss_goldens.main, "losses", ".safetensors", self.close(1e-12))

    def test_backbones(self):
        import make_backbone_goldens
        self.hold(make_backbone_goldens.main, "backbones", ".safetensors", self.close(1e-5))

    def test_gguf(self):
        try:
            import make_gguf_goldens
        except ImportError:
            self.skipTest("gguf is not installed")

        def compare(made, committed):
            with open(made, "rb") as made, open(committed, "rb") as committed:
                self.assertEqual(made.read(), committed.read())
        self.hold(make_gguf_goldens.main, "gguf", "", compare)

    def test_tokenizers(self):
        import make_tokenizer_goldens

        def compare(made, committed):
            with open(made) as made, open(committed) as committed:
                self.assertEqual(json.load(made), json.load(committed))
        self.hold(make_tokenizer_goldens.main, "tokenizers", ".json", compare)


if __name__ == "__main__":
    unittest.main()
