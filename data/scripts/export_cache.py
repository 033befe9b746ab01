"""Writes the hidden-state cache of any causal model that `transformers` loads, on any device, for AutoDeco heads to be fitted to.

    pip install "torch>=2.4" "transformers>=4.56" accelerate

    python export_cache.py --model Qwen/Qwen3-8B --trajectories trajectories.jsonl --output cache --device cuda --dtype bfloat16

The folder `cache` is what `autodeco-collect` writes, and what `autodeco-train` reads on any machine.

Trajectories are JSON objects, one a line, in one of these forms; ids win where texts are there, too:

    {"prompt": "2+2=", "completion": "4"}
    {"prompt_ids": [5, 9], "completion_ids": [4, 2]}
    {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    {"prompt": [{"role": "user", "content": "2+2?"}], "completion": [{"role": "assistant", "content": "4"}]}

The last two are TRL's conversational form: the model's chat template is applied, and the assistant's tokens are the labels. Lines with
`"correct": false`, and those with a `reward` of 0 or less, are left out; `"truncated": true` says that a completion was cut off, and gets no end token.

Without trajectories, problems do: `--sample 8 --problems problems.jsonl` samples eight completions a problem (`{"problem": …, "gt": …}`), keeps
those whose last \\boxed{…} is right in the file that `--trajectories` names, and exports it. `--engine vllm` samples with vLLM.

Many processes or machines share the work with `--rank R --world W`: each writes a folder of its own, cache/part-0000R-of-0000W, and

    autodeco-inspect cache --merge cache-of-all cache/part-*

joins them. An interrupted run goes on at its last whole shard when it is started again with the same arguments.
"""
import argparse
import collections
import contextlib
import fcntl
import functools
import gc
import importlib.util
import json
import math
import os
import re
import stat
import struct
import subprocess
import sys
import time
import zlib
from fractions import Fraction

import numpy
import torch


class InputError(Exception):
    """A mistake in what the user gave, in one sentence that says what to do."""


# MARK: Progress


class Progress:
    """One line on standard error: how much is done, how fast, and how long the rest takes."""

    def __init__(self, title, total, done=0, unit="tokens"):
        self.title, self.total, self.done, self.unit = title, total, done, unit
        self.before, self.start, self.shown = done, time.monotonic(), 0.0
        self.is_terminal = sys.stderr.isatty()

    def advance(self, count, note=""):
        self.done += count
        now = time.monotonic()
        # A log file gets a line a minute.
        if now - self.shown >= (0.2 if self.is_terminal else 60) or self.done >= self.total:
            self.shown = now
            self.show(now - self.start, note)

    def show(self, seconds, note):
        rate = (self.done - self.before) / max(seconds, 1e-9)
        left = (self.total - self.done) / rate if rate > 0 else 0
        text = f"{self.title} {self.done:,} of {self.total:,} {self.unit}, {rate:,.0f}/s, {duration(left)} left"
        text += f", {note}" if note else ""
        print(f"\r\x1b[K{text}" if self.is_terminal else text, end="" if self.is_terminal else "\n", file=sys.stderr, flush=True)

    def finish(self):
        if self.is_terminal:
            print(file=sys.stderr, flush=True)


def duration(seconds):
    seconds = int(seconds + 0.5)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def note(text):
    print(text, file=sys.stderr, flush=True)


# MARK: Files


def write_whole(path, pieces):
    """Writes a file that appears whole or not at all: to a temporary name, flushed to the disk, renamed.

    Where the path is a link, the file that it leads to is replaced. A device or a pipe takes the bytes as they come.
    """
    with contextlib.suppress(FileNotFoundError):
        kind = os.stat(path).st_mode
        if stat.S_ISCHR(kind) or stat.S_ISFIFO(kind):
            try:
                with open(path, "wb") as file:
                    file.writelines(pieces)
            except OSError as error:
                raise InputError(f"{path}: cannot be written: {error.strerror}; give another") from None
            return
        if not stat.S_ISREG(kind):
            raise InputError(f"{path}: is neither a file, a device nor a pipe; give another name")
    given, path = path, os.path.realpath(path)
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}-0.partial")
    try:
        with open(temporary, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{given}: cannot be written: {error.strerror}; free some space or give another folder") from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


DTYPES = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32, "I32": torch.int32}


def write_safetensors(path, tensors, metadata):
    """Writes (name, safetensors' name of a type, tensor) in the given order: the bytes are those of the toolkit's own writer."""
    members, end = ['"__metadata__":' + json.dumps(metadata, sort_keys=True, ensure_ascii=False, separators=(",", ":"))], 0
    for name, kind, tensor in tensors:
        start, end = end, end + tensor.numel() * tensor.element_size()
        assert tensor.dtype == DTYPES[kind], name
        shape = ",".join(map(str, tensor.shape))
        members.append(f'"{name}":{{"dtype":"{kind}","shape":[{shape}],"data_offsets":[{start},{end}]}}')
    header = ("{" + ",".join(members) + "}").encode()
    header += b" " * (-len(header) % 8)
    data = (tensor.contiguous().view(torch.uint8).numpy().data for _, _, tensor in tensors if tensor.numel())
    write_whole(path, [struct.pack("<Q", len(header)) + header, *data])


def safetensors_header(path):
    """The header of a file whose length is what the header says."""
    refuse_pointer(path)
    try:
        with open(path, "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
            end = max([value["data_offsets"][1] for name, value in header.items() if name != "__metadata__"], default=0)
            if file.tell() + end == os.path.getsize(path):
                return header
    except (OSError, ValueError, KeyError, TypeError, struct.error, MemoryError, OverflowError):
        pass
    raise InputError(f"{path}: is no whole safetensors file; remove it, and start again")


def refuse_pointer(path):
    """Tells what Git leaves in the place of a large file that it has not fetched from the file itself."""
    with contextlib.suppress(OSError):
        if not os.path.isfile(path) or os.path.getsize(path) > 1024:
            return
        with open(path, "rb") as file:
            text = file.read(1024)
        if text.startswith(b"version https://git-lfs.github.com/spec/"):
            size = re.search(rb"^size (\d+)$", text, re.MULTILINE)
            of = f" of {int(size[1])} bytes" if size else ""
            raise InputError(f"{path}: found a Git LFS pointer, expected the file itself{of}; fetch it with git lfs pull")


def refuse_pointers(folder):
    """Looks at all that a model's folder may hold in Git's large files."""
    for name in sorted(os.listdir(folder)):
        if name.endswith((".json", ".safetensors", ".bin", ".model", ".txt", ".jinja", ".gguf")):
            refuse_pointer(os.path.join(folder, name))


def crc_of_file(path):
    """CRC-32 of a file, eight hexadecimal digits."""
    crc = 0
    with open(path, "rb") as file:
        while block := file.read(1 << 22):
            crc = zlib.crc32(block, crc)
    return f"{crc:08x}"


@contextlib.contextmanager
def lock(folder):
    """Nobody else works in the folder meanwhile; the lock ends with the process, too."""
    try:
        os.makedirs(folder, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise InputError(f"{folder}: the folder cannot be made: {error.strerror}; give another --output") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{folder}: another process works in this folder; wait until it ends, or give another --output") from None
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(descriptor)


# MARK: The sketch of logits

LARGEST_IMPOSSIBLE = -1e30  # a logit down here stands for a token that cannot be
DEEPEST = 64.0  # logits lower than the largest − 64 count as that deep
WIDENING = 100.0  # the last bin is so many times as wide as the first


class UnsoundRow(Exception):
    """A row of logits or a hidden state that no loss is defined for."""

    def __init__(self, row, problem):
        self.row, self.problem = row, problem


def sketch(logits, labels, K, B):
    """The sketches of n rows of logits, on their device.

    The K largest logits are kept as they are. The others are counted in B bins over depth below the K+1-th, whose widths grow
    geometrically: edge j lies at D·(qʲ−1)/(q^B−1), q = 100^(1/(B−1)), D the depth of the deepest. Where the label is among them, its bin is cut
    after it, and later bins shift by one. Equal logits are in the order of their ids.

    logits: [n, V] of any float type; labels: [n] token ids.
    Returns label_rank [n] int32, label_logit [n], top_logits [n, min(K, V)], and where V > K tail_count, tail_mean and tail_variance
    [n, B+1], all float32.
    Raises UnsoundRow for NaN, +∞, and a label that is impossible.
    """
    x, labels = logits.float(), labels.to(logits.device).long()
    n, V = x.shape
    if not bool((x < math.inf).all()):
        row, token = (~(x < math.inf)).nonzero()[0].tolist()
        raise UnsoundRow(row, f"the logit of token {token} is {x[row, token].item()}, expected a finite number or −∞")
    ids = torch.arange(V, device=x.device)
    label_logit = x.gather(1, labels[:, None])
    if bool((label_logit <= LARGEST_IMPOSSIBLE).any()):
        row = int((label_logit[:, 0] <= LARGEST_IMPOSSIBLE).nonzero()[0])
        raise UnsoundRow(row, f"label {int(labels[row])} is an impossible token, its logit is {label_logit[row, 0].item()}")
    rank = (x > label_logit).sum(1) + ((x == label_logit) & (ids < labels[:, None])).sum(1)

    largest = x.topk(min(K + 1, V), dim=1, sorted=True).values
    top_logits = torch.where(largest <= LARGEST_IMPOSSIBLE, -math.inf, largest)[:, :K].contiguous()
    result = {"label_rank": rank.int(), "label_logit": label_logit[:, 0], "top_logits": top_logits}
    if V <= K:
        return result

    q = WIDENING ** (1 / (B - 1)) if B > 1 else WIDENING
    last_kept, first = largest[:, K - 1:K], largest[:, K:]
    floor = largest[:, :1] - DEEPEST
    top = torch.maximum(first, floor)
    possible = x > LARGEST_IMPOSSIBLE
    smallest = torch.where(possible, x, math.inf).amin(1, keepdim=True)
    wide = torch.float64 if x.device.type != "mps" else torch.float32  # which has no other
    D = top.to(wide) - torch.maximum(smallest, floor).to(wide)
    factor = torch.where(D > 0, (q**B - 1) / D, 0).float()
    depth = (top - torch.maximum(x, floor)).clamp_min(0)
    # ⌊log z / log q⌋, by rounding; numbers on an edge belong to the bin that begins there.
    bins = ((1 + depth * factor).log() * (1 / math.log(q)) - 0.499_999).round().clamp(0, B - 1).long()
    del depth

    in_tail = (rank >= K)[:, None]
    label_bin = bins.gather(1, labels[:, None])
    after = in_tail & ((x < label_logit) | ((x == label_logit) & (ids > labels[:, None])))
    bins = torch.where(after, torch.maximum(bins, label_bin) + 1, torch.where(in_tail, torch.minimum(bins, label_bin), bins))
    del after
    # What equals the K-th is counted below: which of them are kept is a matter of ids, but their depth is one.
    bins = torch.where(possible & (x < last_kept), bins, B + 1)

    # Neighbours go to different copies of a bin, so that threads do not wait for each other.
    copies = 16 if x.device.type == "cuda" else 1
    width = (B + 2) * copies
    places = (torch.arange(n, device=x.device)[:, None] * width + bins * copies + ids % copies).view(-1)

    def total(values):
        sums = torch.zeros(n * width, dtype=wide, device=x.device).scatter_add_(0, places, values.reshape(-1))
        return sums.view(n, B + 2, copies).sum(2)[:, :B + 1]

    depth = torch.minimum(top.to(wide) - torch.where(possible, x, top).to(wide), top.to(wide) - floor.to(wide))
    count = total(torch.ones_like(depth))
    # Those that equal the K-th and are not kept: all as deep as the K+1-th, in the first bin, or behind a label there.
    above, equal = (x > last_kept).sum(1, keepdim=True), (x == last_kept).sum(1, keepdim=True)
    left = torch.where(last_kept > LARGEST_IMPOSSIBLE, above + equal - K, 0)
    behind = torch.where(in_tail & (label_logit == last_kept), above + equal - rank[:, None] - 1, 0)
    count[:, :1] += left - behind
    count[:, 1:2] += behind
    size = count.clamp_min(1)
    mean = total(depth) / size
    # About the mean, which keeps its digits in any precision; the tokens counted above have depth 0.
    squares = total((depth - torch.cat([mean, mean[:, :1]], 1).gather(1, bins)).square())
    squares[:, :1] += (left - behind) * mean[:, :1].square()
    squares[:, 1:2] += behind * mean[:, 1:2].square()
    filled = count > 0
    result["tail_count"] = count.float()
    result["tail_mean"] = torch.where(filled, top.to(wide) - mean, 0).float()
    result["tail_variance"] = torch.where(filled, squares / size, 0).float()
    return result


# MARK: Trajectories

FORM = 'such as {"prompt": "2+2=", "completion": "4"}, {"prompt_ids": [5, 9], "completion_ids": [4, 2]} or {"messages": […]}'


BYTE_ORDER_MARK = b"\xef\xbb\xbf"
DEEPEST_NESTING = 200  # deeper lines are refused, as the toolkit does
QUOTED_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|.)", re.DOTALL)


def half_surrogate(text):
    r"""The first `\ud83d` of a JSON text that is not one of a pair, as it is written; None where there is none."""
    if "\\ud" not in text and "\\uD" not in text:
        return None
    waiting = None  # the first half of a pair
    for match in ESCAPE.finditer(text):
        unit = int(match[1], 16) if match[1] else 0
        if waiting is not None:
            if waiting.end() == match.start() and 0xDC00 <= unit < 0xE000:
                waiting = None
                continue
            break
        if 0xDC00 <= unit < 0xE000:
            return match[0]
        if 0xD800 <= unit < 0xDC00:
            waiting = match
    return waiting[0] if waiting is not None else None


def json_line(row, **options):
    """The value of a line's bytes, read as the toolkit's own reader does: a byte order mark is passed over, NaN and infinities
    are no mistake of their own. Raises Misfit with what makes it unreadable."""
    row = row.removeprefix(BYTE_ORDER_MARK)
    try:
        text = row.decode()
    except UnicodeDecodeError as error:
        raise Misfit(f"byte {error.start} is not UTF-8; save the file as UTF-8") from None
    depth = 0
    for match in QUOTED_OR_BRACKET.finditer(row) if row.count(b"[") + row.count(b"{") > DEEPEST_NESTING else ():
        depth += (match[0] in b"[{") - (match[0] in b"]}")
        if depth > DEEPEST_NESTING:
            raise Misfit(f"it is nested deeper than {DEEPEST_NESTING} levels; write one plain object a line")
    if half := half_surrogate(text):
        raise Misfit(f"holds {half}, half of a surrogate pair and no text; repair the text")
    try:
        return json.loads(text, **options)
    except ValueError:
        raise Misfit("is not JSON; write one object a line") from None


class Misfit(Exception):
    """What is wrong with a trajectory, before the place is known."""


class TooLong(Misfit):
    pass


class Text:
    """A model's tokenizer as the toolkit uses it: tokenizer.json as it stands, BOS and the end tokens."""

    def __init__(self, folder, end_tokens, trust_remote_code=False):
        from transformers import AutoTokenizer

        def settings(name):
            path = os.path.join(folder, name)
            if not os.path.exists(path):
                return {}
            with open(path, encoding="utf-8") as file:
                return json.load(file)

        try:
            self.chat = AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code)
        except Exception as error:  # transformers raises many kinds
            raise InputError(f"{folder}: its tokenizer cannot be loaded ({first_line(error)}); repair it, or give ids") from None
        path = os.path.join(folder, "tokenizer.json")
        if os.path.exists(path):
            from tokenizers import Tokenizer

            raw = Tokenizer.from_file(path)
            raw.no_truncation()
            raw.no_padding()
            self.encode = lambda text: raw.encode(text, add_special_tokens=False).ids
            with_special = raw.encode("a").ids
        else:
            self.encode = lambda text: self.chat.encode(text, add_special_tokens=False)
            with_special = self.chat.encode("a")
        self.size = len(self.chat)
        config = settings("tokenizer_config.json")
        plain = self.encode("a")
        front = next((i for i in range(len(with_special)) if with_special[i:i + len(plain)] == plain), 0)
        self.bos = with_special[0] if front > 0 else self.chat.bos_token_id if config.get("add_bos_token") else None
        self.eos = self.chat.eos_token_id if self.chat.eos_token_id is not None else next(iter(end_tokens), None)
        # Whether a completion that was encoded last shares a token with its prompt, so that what it says first is no label.
        self.is_merged = False
        self.ends = set(end_tokens) | ({self.eos} if self.eos is not None else set())

    def prompt_ids(self, text):
        ids = self.encode(text)
        return [self.bos, *ids] if self.bos is not None and ids[:1] != [self.bos] else ids

    def pair(self, prompt, completion, truncated):
        """ids = encode(prompt + completion), split at len(encode(prompt)); BOS in front and the end token behind where they are missing."""
        if not completion:
            raise Misfit("the completion is empty; remove the line")
        ids, before = self.encode(prompt + completion), self.encode(prompt)
        split = min(len(before), len(ids))
        self.is_merged = ids[:len(before)] != before
        if self.bos is not None and (split == 0 or ids[0] != self.bos):
            ids, split = [self.bos, *ids], split + 1
        if not truncated and self.eos is not None and (split == len(ids) or ids[-1] not in self.ends):
            ids.append(self.eos)
        return ids, list(range(split, len(ids)))

    def conversation(self, messages, first, truncated, tools=None):
        """The ids of a conversation, and which of them the assistant said from message `first` on."""
        if not getattr(self.chat, "chat_template", None):
            raise Misfit("is a conversation, but the model's tokenizer has no chat template; give prompt and completion as texts")

        def render(count, asks):
            try:
                return self.chat.apply_chat_template(messages[:count], tokenize=False, add_generation_prompt=asks, tools=tools)
            except Exception as error:  # templates raise what they like
                raise Misfit(f"the chat template refuses the conversation ({first_line(error)}); bring its roles into the order that it expects") from None

        turns = [i for i in range(first, len(messages)) if messages[i]["role"] == "assistant"]
        if not turns:
            raise Misfit("holds no message of the assistant to learn from; add one, or remove the line")
        text = render(turns[-1] + 1, False)
        ids, labels = None, []
        for turn in turns:
            said = messages[turn].get("content")
            if not isinstance(said, str) or not said.strip():
                if messages[turn].get("tool_calls"):
                    said = ""
                else:
                    raise Misfit(f"message {turn} of the assistant is empty; remove it, or the line")
            head, bare, whole = render(turn, True), render(turn, False), render(turn + 1, False)
            # Templates open a turn with more than they show of one that is over, such as <think>: what both have in common is the prompt.
            start = len(os.path.commonprefix([head, text]))
            if not text.startswith(whole) or start < len(bare):
                raise Misfit(f"the chat template shows message {turn} otherwise once others follow; give each turn as a line of its own")
            if said.strip() not in whole[start:]:
                raise Misfit(f"the chat template leaves out a part of message {turn}, its reasoning perhaps; give prompt and completion as texts")
            if ids is None:
                ids = self.prompt_ids(text)
            shift = len(ids) - len(self.encode(text))
            before = self.encode(text[:start])
            begin = min(len(before), len(ids)) + shift
            self.is_merged |= ids[shift:shift + len(before)] != before
            end = len(self.encode(whole)) + shift
            # The model stops at its end token: a line break that the template puts behind is none of its words.
            stops = [i for i in range(begin, end) if ids[i] in self.ends]
            if stops and not self.chat.decode(ids[stops[-1] + 1:end]).strip():
                end = stops[-1] + 1
            labels += range(begin, end)
        ids = ids[:labels[-1] + 1]
        if not truncated and self.eos is not None and ids[-1] not in self.ends:
            labels.append(len(ids))
            ids.append(self.eos)
        return ids, labels


def first_line(error):
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


class Trajectory:
    """ids of prompt and completion, and the places of the labels among them."""

    __slots__ = ("line", "ids", "labels")

    def __init__(self, line, ids, labels):
        self.line, self.ids, self.labels = line, numpy.asarray(ids, dtype=numpy.int32), numpy.asarray(labels, dtype=numpy.int32)


def is_ids(value):
    return isinstance(value, list) and all(type(x) is int for x in value)


def is_messages(value):
    return isinstance(value, list) and all(isinstance(x, dict) and isinstance(x.get("role"), str) for x in value)


def with_plain_contents(messages):
    """The messages, with the text of contents that are lists of parts."""
    def plain(number, message):
        content = message.get("content")
        if not isinstance(content, list):
            return message
        for part in content:
            if not isinstance(part, str) and not (isinstance(part, dict) and part.get("type") in ("text", None) and isinstance(part.get("text"), str)):
                kind = part.get("type") if isinstance(part, dict) else type(part).__name__
                raise Misfit(f"message {number} holds a part of type {kind!r}, expected text alone; leave the line out, or write its text there")
        return message | {"content": "".join(part if isinstance(part, str) else part["text"] for part in content)}

    return [plain(number, message) for number, message in enumerate(messages)]


def encode_line(line, text, vocabulary, context):
    """The ids of one line and the places of its labels; None for a wrong completion."""
    if not isinstance(line, dict):
        raise Misfit(f"is no JSON object, expected one {FORM}")
    for key in ("correct", "truncated"):
        if not isinstance(line.get(key), (bool, type(None))):
            raise Misfit(f"{key} is {line[key]!r}, expected true or false")
    if isinstance(line.get("problem_id"), bool) or not isinstance(line.get("problem_id"), (str, int, float, type(None))):
        raise Misfit(f"problem_id is {line['problem_id']!r}, expected a text or a number")
    reward = line.get("reward")
    if isinstance(reward, bool) or not isinstance(reward, (int, float, type(None))) or not abs(reward or 0) <= 1e6:
        raise Misfit(f"reward is {reward!r}, expected a number from -1000000 to 1000000")
    truncated = bool(line.get("truncated"))
    if line.get("prompt_ids") is not None and line.get("completion_ids") is not None:
        prompt, completion = line["prompt_ids"], line["completion_ids"]
        if not is_ids(prompt) or not is_ids(completion):
            raise Misfit("prompt_ids or completion_ids is no list of whole numbers; write token ids there")
        ids, labels = prompt + completion, list(range(len(prompt), len(prompt) + len(completion)))
    else:
        prompt, completion, messages = line.get("prompt"), line.get("completion"), line.get("messages")
        is_text = isinstance(prompt, str) and isinstance(completion, str)
        if not is_text and messages is None and not (is_messages(prompt) and is_messages(completion)):
            raise Misfit(f"has neither a prompt and its completion nor messages, expected a line {FORM}")
        if not is_text and messages is not None and not is_messages(messages):
            raise Misfit('messages is no list of {"role": …, "content": …}; bring it into that form')
        if text is None:
            raise Misfit("holds texts, but the model's folder has no tokenizer; give prompt_ids and completion_ids, or add its tokenizer files")
        if is_text:
            ids, labels = text.pair(prompt, completion, truncated)
        else:
            first = 0 if messages is not None else len(prompt)
            turns = with_plain_contents(messages if messages is not None else prompt + completion)
            ids, labels = text.conversation(turns, first, truncated, line.get("tools"))
    if not labels:
        raise Misfit("the completion has no tokens; remove the line")
    if labels[0] == 0:
        raise Misfit("the prompt has no tokens, but the first label is predicted from it; give a prompt, if only the model's first token")
    if (wrong := next((i for i in ids if not 0 <= i < vocabulary), None)) is not None:
        raise Misfit(f"found token id {wrong}, expected 0 to {vocabulary - 1}: the ids are another model's; give the model that they were made for")
    if context is not None and len(ids) > context:
        raise TooLong(
            f"found {len(ids)} tokens, expected at most {context}, the model's context; --skip-too-long leaves such lines out, "
            'or cut the completion and say "truncated": true')
    # What failed teaches the reward objective alone, whose caches the toolkit writes itself.
    return None if line.get("correct") is False or (reward is not None and reward <= 0) else (ids, labels)


def read_trajectories(path, text, vocabulary, context, skip_too_long=False, rank=0, world=1):
    """The trajectories of the lines that are this process's, the labels of each line, 0 for one that is left out, and the problem of each line of all processes."""
    kept, lengths, problems, numbers, merged, skipped, rejected = [], [], [], {}, [], 0, 0
    refuse_pointer(path)
    try:
        file = open(path, "rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}), expected trajectories, one JSON object a line; name such a file") from None
    with file:
        for number, row in enumerate(file):
            lengths.append(0)
            problems.append(problem_of_line(row, numbers))
            if number % world != rank or not row.removeprefix(BYTE_ORDER_MARK).strip():
                continue
            if text is not None:
                text.is_merged = False
            try:
                found = encode_line(json_line(row), text, vocabulary, context)
            except TooLong as error:
                if not skip_too_long:
                    raise InputError(f"{path}, line {number + 1}: {error}") from None
                skipped += 1
                continue
            except Misfit as error:
                raise InputError(f"{path}, line {number + 1}: {error}") from None
            if found is None:
                rejected += 1
                continue
            if text is not None and text.is_merged:
                merged.append(number + 1)
            kept.append(Trajectory(number, *found))
            lengths[-1] = len(kept[-1].labels)
    if merged:
        lines = f"the completion of 1 line (line {merged[0]}) merges" if len(merged) == 1 else (
            f"the completions of {len(merged):,} lines (the first is line {merged[0]}) merge")
        note(
            f"{path}: {lines} into the prompt's last token, so that what was said first is no label; end prompts where a token "
            "ends, with a line break for example, or give ids")
    if skipped:
        note(f"{path}: left out {skipped:,} trajectories that are longer than the model's context of {context}")
    if not kept:
        share = f" for rank {rank} of {world}" if world > 1 else ""
        found = "only wrong completions" if rejected else "only trajectories that are too long" if skipped else "no trajectories"
        raise InputError(f"{path}: holds {found}{share}, expected at least one; add some{', or take fewer ranks' if world > 1 else ''}")
    return kept, lengths, problems


def problem_of_line(row, numbers):
    """The number of a line's problem, in the order in which problems first come; -1 where the line names none.

    Each process numbers the lines of all, so that the parts of a cache agree. What is wrong with a line is said by the process that reads it.
    """
    try:
        line = json_line(row) if row.removeprefix(BYTE_ORDER_MARK).strip() else None
    except Misfit:
        return -1
    name = line.get("problem_id") if isinstance(line, dict) else None
    if isinstance(name, bool) or not isinstance(name, (str, int, float)):
        return -1
    return numbers.setdefault(str(name), len(numbers))


# MARK: The backbone


class Backbone:
    """A frozen causal model: from ids to the hidden states after the final norm, and from these to logits."""

    SMALL_FILES = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"]

    def __init__(self, name, dtype, device=None, device_map=None, trust_remote_code=False, attention=None):
        self.name, self.dtype = name, dtype
        self.trust_remote_code = trust_remote_code
        if os.path.isfile(name) or name.lower().endswith(".gguf"):
            raise InputError(
                f"{name}: is a {'GGUF file' if is_gguf(name) else 'file'}, expected a model's folder as Hugging Face publishes it, or its name on the hub")
        try:
            self.folder = name if os.path.isdir(name) else downloaded(name)
            refuse_pointers(self.folder)
            self.config = self.read_json("config.json")
        except InputError:
            raise
        except Exception as error:
            raise InputError(f"{name}: has no config.json that can be read ({first_line(error)}); give a model's folder or its name on the hub") from None
        text = self.config.get("text_config") or self.config
        self.context = text.get("max_position_embeddings") or text.get("n_positions")
        generation = self.read_json("generation_config.json")
        # Files of one model often name different ones; a text ends at any of them, and at the tokenizer's.
        self.end_tokens = []
        for ends in (generation.get("eos_token_id"), self.config.get("eos_token_id"), text.get("eos_token_id")):
            self.end_tokens += [end for end in (ends if isinstance(ends, list) else [ends]) if end is not None and end not in self.end_tokens]
        self.output_differs = bool(text.get("tie_word_embeddings", self.config.get("tie_word_embeddings"))) and output_differs(self.folder)
        self.device = device or ("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")
        self.device_map, self.attention, self.model = device_map, attention, None

    def read_json(self, name):
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            return {}
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def text(self):
        """The tokenizer, or None where there is none."""
        files = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.json")
        if not any(os.path.exists(os.path.join(self.folder, name)) for name in files):
            return None
        return Text(self.folder, self.end_tokens, self.trust_remote_code)

    def check(self, text):
        """Published models have some rows to spare, at most a few thousand in a hundred thousand."""
        V = (self.config.get("text_config") or self.config).get("vocab_size")
        if text is not None and V is not None and not (text.size <= V and text.size * 10 >= V * 9):
            raise InputError(
                f"{self.name}: the tokenizer has {text.size} tokens, which do not fit the model's vocabulary of {V}; take the tokenizer files that were published with the model")
        return V

    def load(self):  # transformers fills what is missing or misshapen with random numbers, and only warns
        """Loads the weights, and checks that hidden states and output matrix give the model's own logits."""
        from transformers import AutoModelForCausalLM
        place = {"device_map": self.device_map} if self.device_map else {}
        if self.attention:
            place["attn_implementation"] = self.attention
        try:
            self.model, info = AutoModelForCausalLM.from_pretrained(
                self.folder, dtype=self.dtype, trust_remote_code=self.trust_remote_code, output_loading_info=True,
                ignore_mismatched_sizes=True, **place)  # refused below, in words
            if not self.device_map:
                self.model.to(self.device)
        except torch.OutOfMemoryError:
            raise InputError(f"{self.name}: does not fit {self.device}; give --device-map auto, which spreads it over devices") from None
        except Exception as error:
            raise InputError(f"{self.name}: cannot be loaded by transformers ({first_line(error)}); repair the folder, or give another model") from None
        for name, found, expected in sorted(map(tuple, info.get("mismatched_keys") or [])):
            raise InputError(
                f"{self.name}: the tensor {name} has the shape {list(found)}, expected {list(expected)} by config.json; take config.json and weights of the same model")
        if lacking := sorted(map(str, info.get("missing_keys") or [])):
            raise InputError(f"{self.name}: its weights lack {len(lacking)} tensors, such as {lacking[0]}; download the model again")
        self.model.eval().requires_grad_(False)
        self.decoder, self.head = self.model.base_model, self.model.get_output_embeddings()
        if self.head is None or self.decoder is self.model:
            raise InputError(f"{self.name}: has no output matrix behind a last hidden state; give a causal language model")
        if self.output_differs:
            note(
                f"warning: {self.name}: config.json says tie_word_embeddings: true, but {OUTPUT} holds other values than the embedding; it is taken as the "
                "output matrix, as transformers 5 does, while transformers 4.57 overwrites it with the embedding; set tie_word_embeddings to false, so that "
                "all readers agree")
            if self.head.weight is self.model.get_input_embeddings().weight:
                self.head.weight = torch.nn.Parameter(stored_tensor(self.folder, OUTPUT).to(self.head.weight))
        config = self.model.config.get_text_config()
        self.vocabulary, self.hidden_size = self.head.weight.shape[0], self.head.weight.shape[1]
        if config.vocab_size != self.vocabulary:
            raise InputError(
                f"{self.name}: config.json has a vocab_size of {config.vocab_size}, its output matrix {self.vocabulary} rows; bring both to the same size")
        scale = getattr(config, "logit_scale", None)  # Cohere
        divisor = getattr(config, "logits_scaling", None)  # Granite
        cap = getattr(config, "final_logit_softcapping", None)  # Gemma
        self.scale, self.cap = (scale or 1) / (divisor or 1), cap
        return self

    @torch.inference_mode()
    def probe(self, ids):
        """Holds hidden states and logits of a few ids against the model's own."""
        seen = []
        hook = self.head.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
        try:
            own = self.model(input_ids=torch.tensor([ids], device=self.first_device()), use_cache=False).logits[0].float()
        finally:
            hook.remove()
        hidden = self.states([ids])[0]
        logits = self.logits(hidden)
        largest = lambda x: float(x.abs().max())
        if not all(math.isfinite(largest(x)) for x in (own, hidden.float())):
            return  # what is not finite is refused with its place
        far = largest(logits.to(own.device) - own) > 0.02 * largest(own) + 1e-3
        if not seen or far or largest(seen[0].reshape(hidden.shape).float().to(hidden.device) - hidden.float()) > 0.02 * largest(hidden.float()):
            raise InputError(
                f"{self.name}: its logits are not its output matrix times its last hidden state, which heads are fitted to; this architecture cannot be exported")

    def first_device(self):
        return self.model.get_input_embeddings().weight.device

    @torch.inference_mode()
    def states(self, batch):
        """The last hidden states, after the final norm, of sequences of ids: [L, D] each.

        Shorter ones are padded on the right, where causal attention does not look.
        """
        longest = max(map(len, batch))
        ids = torch.zeros(len(batch), longest, dtype=torch.long)
        mask = torch.zeros(len(batch), longest, dtype=torch.long)
        for row, sequence in enumerate(batch):
            ids[row, :len(sequence)] = torch.as_tensor(sequence, dtype=torch.long)
            mask[row, :len(sequence)] = 1
        device = self.first_device()
        padded = {} if bool(mask.all()) else {"attention_mask": mask.to(device)}
        output = self.decoder(input_ids=ids.to(device), use_cache=False, **padded)
        hidden = output.last_hidden_state if hasattr(output, "last_hidden_state") else output[0]
        return [hidden[row, :len(sequence)] for row, sequence in enumerate(batch)]

    @torch.inference_mode()
    def logits(self, hidden):
        """Logits [n, V] of hidden states [n, D], float32."""
        logits = self.head(hidden.to(self.head.weight.device)) * self.scale
        if self.cap:
            logits = torch.tanh(logits / self.cap) * self.cap
        return logits.float()

    def fingerprint(self):
        """What stands for the model's weights and small files: sizes and checksums, of large files in samples."""
        entries = {}
        for name in sorted(os.listdir(self.folder)):
            path = os.path.join(self.folder, name)
            if name in self.SMALL_FILES or name.endswith((".safetensors", ".index.json", ".bin")):
                entries[f"model/{name}"] = f"{os.path.getsize(path)} bytes {sampled_crc(path)}"
        if self.output_differs:  # a cache of another output matrix does not go on
            entries["model/output"] = "own_against_configuration"
        return entries


def is_gguf(path):
    """Whether a file begins as GGUF does, or is only called so where there is none."""
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"GGUF"
    except OSError:
        return path.lower().endswith(".gguf")


OUTPUT, EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"


def stored_tensor(folder, name):
    """A tensor of a checkpoint in safetensors files; None where it has none of that name."""
    from safetensors import safe_open
    index, single = os.path.join(folder, "model.safetensors.index.json"), os.path.join(folder, "model.safetensors")
    if not os.path.exists(single):
        if not os.path.exists(index):
            return None
        with open(index, encoding="utf-8") as file:
            place = json.load(file).get("weight_map", {}).get(name)
        if place is None:
            return None
        single = os.path.join(folder, place)
    with safe_open(single, framework="pt") as file:
        return file.get_tensor(name) if name in file.keys() else None


def output_differs(folder):
    """Whether the file's output matrix holds other values than its embedding; all of them are compared."""
    try:
        output, embedding = stored_tensor(folder, OUTPUT), stored_tensor(folder, EMBEDDING)
    except Exception:  # a damaged file is told of where the model is loaded
        return False
    return output is not None and embedding is not None and not torch.equal(output.float(), embedding.float())


def downloaded(name):
    """The folder of a model of the hub, which is downloaded as far as it is not there: all of it before anything is computed."""
    from huggingface_hub import snapshot_download
    others = ["original/*", "consolidated*"]  # the same weights a second time
    folder = snapshot_download(name, allow_patterns=["*.json", "*.jinja", "*.model", "*.txt", "*.py", "*.safetensors"], ignore_patterns=others)
    if not any(file.endswith(".safetensors") for file in os.listdir(folder)):
        folder = snapshot_download(name, allow_patterns=["*.bin"], ignore_patterns=others)
    return folder


def sampled_crc(path, block=1 << 16, samples=256):
    """CRC-32 of a file up to 16 MiB; of a larger one, of 256 blocks of 64 KiB spread over it: weights of 60 GB take no minutes."""
    size = os.path.getsize(path)
    if size <= block * samples:
        return crc_of_file(path)
    crc = 0
    with open(path, "rb") as file:
        for number in range(samples):
            file.seek((size - block) * number // (samples - 1))
            crc = zlib.crc32(file.read(block), crc)
    return f"{crc:08x}"


# MARK: Export


# Of each line of the trajectory file its problem, beside cache.json: completions of one problem stay on one side of a split.
PROBLEMS = "trajectories.safetensors"


class Shard:
    def __init__(self, number, trajectories):
        self.number, self.trajectories = number, trajectories
        self.file = f"shard-{number:05d}.safetensors"
        self.tokens = sum(len(t.labels) for t in trajectories)


def plan(trajectories, shard_tokens):
    """A shard ends at the first trajectory that brings it to so many tokens: a function of lengths alone, so that a resumed run cuts alike."""
    shards, waiting, tokens = [], [], 0
    for trajectory in trajectories:
        waiting.append(trajectory)
        tokens += len(trajectory.labels)
        if tokens >= shard_tokens:
            shards.append(Shard(len(shards), waiting))
            waiting, tokens = [], 0
    return shards + ([Shard(len(shards), waiting)] if waiting else [])


def batches(trajectories, most):
    """Runs of trajectories of about equal length, padded to at most so many ids, or a single longer one."""
    group = []
    for place in sorted(range(len(trajectories)), key=lambda i: (len(trajectories[i].ids), i)):
        if group and (len(group) + 1) * len(trajectories[place].ids) > most:
            yield group
            group = []
        group.append(place)
    if group:
        yield group


class Exporter:
    """Writes a cache shard by shard, and goes on with one that was interrupted.

    Memory is that of one shard, one batch and one slice of logits, however large the cache is.
    """

    def __init__(self, backbone, trajectories, lengths, problems, folder, fingerprint, *, part=None, model_name, top_logits, tail_bins, hidden_type, shard_tokens, batch_tokens):
        self.backbone, self.folder = backbone, folder
        self.K, self.B, self.hidden_type, self.batch_tokens = top_logits, tail_bins, hidden_type, batch_tokens
        # Nothing is written where no line names a problem.
        self.problems = problems if any(number >= 0 for number in problems) else None
        self.shards = plan(trajectories, shard_tokens)
        self.tokens = sum(s.tokens for s in self.shards)
        D, V = backbone.hidden_size, backbone.vocabulary
        self.manifest = {
            "format_version": 1, "model_name": model_name, "model_path": backbone.name, "hidden_size": D, "vocabulary_size": V,
            "top_logits": top_logits, "tail_bins": tail_bins, "hidden_dtype": hidden_type,
        }
        crc = zlib.crc32(numpy.asarray(lengths, dtype="<i8").tobytes())
        layout = f"hidden {D} {hidden_type}, vocabulary {V}, sketch {top_logits},{tail_bins}, {self.tokens} tokens in shards of {shard_tokens}, lengths {crc:08x}"
        self.metadata = {"fingerprint": fingerprint, "format": "pt", "layout": layout}
        if part:
            # Whoever joins parts sees by it whether one is missing.
            self.metadata["part"] = part
        self.present = self.find_shards()

    def path(self, name):
        return os.path.join(self.folder, name)

    def find_shards(self):
        """Keeps shards of this very cache, and removes what an interrupted run has left half-written."""
        present, own = set(), {shard.file for shard in self.shards}
        for name in sorted(os.listdir(self.folder)):
            if name.startswith((".shard-", ".cache.json.", f".{PROBLEMS}.")) and name.endswith(".partial"):
                os.unlink(self.path(name))
            if not (name.startswith("shard-") and name.endswith(".safetensors")):
                continue
            found = safetensors_header(self.path(name)).get("__metadata__", {})
            for key in ("fingerprint", "layout"):
                if found.get(key) != self.metadata[key]:
                    raise InputError(
                        f"{self.path(name)}: belongs to another cache, {difference(key, found.get(key, 'missing'), self.metadata[key])}; remove the folder or give another --output")
            if name not in own:
                raise InputError(f"{self.path(name)}: belongs to another cache, expected {len(self.shards)} shards; remove the folder or give another --output")
            present.add(name)
        return present

    def is_complete(self):
        return len(self.present) == len(self.shards) and os.path.exists(self.path("cache.json")) and self.has_problems()

    def has_problems(self):
        """Whether the table of problems is there, where there is one to write; caches of earlier versions lack it."""
        if self.problems is None:
            return True
        try:
            with open(self.path(PROBLEMS), "rb") as file:
                return file.read().endswith(numpy.asarray(self.problems, dtype="<i4").tobytes())
        except FileNotFoundError:
            return False

    def run(self):
        waiting = [shard for shard in self.shards if shard.file not in self.present]
        progress = Progress("cache,", self.tokens, self.tokens - sum(s.tokens for s in waiting))
        for shard in waiting:
            self.write(shard, progress)
        progress.finish()
        self.finish()

    def write(self, shard, progress):
        V, n = self.backbone.vocabulary, shard.tokens
        columns = {"label_rank": torch.int32, "label_logit": torch.float32}
        result = {name: torch.empty(n, dtype=kind) for name, kind in columns.items()}
        result["top_logits"] = torch.empty(n, min(self.K, V))
        for name in ("tail_count", "tail_mean", "tail_variance") if V > self.K else ():
            result[name] = torch.empty(n, self.B + 1)
        hidden = torch.empty(n, self.backbone.hidden_size, dtype=DTYPES[self.hidden_type])
        starts = numpy.cumsum([0] + [len(t.labels) for t in shard.trajectories])
        # A slice of logits and the sketch's work on it take about 50 bytes a logit.
        rows = max(1, min(1024, (1 << 24) // V))
        for group in batches(shard.trajectories, self.batch_tokens):
            together = [shard.trajectories[i] for i in group]
            # The last id predicts nothing that is there.
            states = self.backbone.states([t.ids[:t.labels[-1]] for t in together])
            for place, trajectory, sequence in zip(group, together, states):
                select = torch.as_tensor(trajectory.labels - 1, dtype=torch.long, device=sequence.device)
                self.append(trajectory, sequence[select], int(starts[place]), rows, result, hidden, shard)
            progress.advance(sum(len(t.labels) for t in together), f"shard {shard.number + 1} of {len(self.shards)}")
        concat = lambda values: torch.from_numpy(numpy.concatenate(values).astype(numpy.int32))
        tensors = [
            ("label", "I32", concat([t.ids[t.labels] for t in shard.trajectories])), ("label_rank", "I32", result["label_rank"]),
            ("trajectory", "I32", concat([numpy.full(len(t.labels), t.line) for t in shard.trajectories])),
            ("position", "I32", concat([t.labels for t in shard.trajectories])),
            *((name, "F32", result[name]) for name in ("label_logit", "top_logits", "tail_count", "tail_mean", "tail_variance") if name in result),
            ("hidden", self.hidden_type, hidden),
        ]
        write_safetensors(self.path(shard.file), tensors, self.metadata)
        self.present.add(shard.file)

    @torch.inference_mode()
    def append(self, trajectory, states, start, rows, result, hidden, shard):
        stored = states.to(DTYPES[self.hidden_type])
        labels = torch.as_tensor(trajectory.ids[trajectory.labels], dtype=torch.long)

        def failure(row, problem):
            return InputError(f"{self.path(shard.file)}: trajectory {trajectory.line}, position {trajectory.labels[row]}: {problem}")

        finite = torch.isfinite(stored).all(1)
        if not bool(finite.all()):
            row = int((~finite).nonzero()[0])
            if not bool(torch.isfinite(states[row]).all()):
                raise failure(row, f"the hidden state is not finite; give --dtype float32, or check the model's weights, the model computes in {str(self.backbone.dtype)[6:]}")
            raise failure(row, f"the hidden state leaves the range of {self.hidden_type}; give --hidden-type BF16 or F32")
        hidden[start:start + len(stored)] = stored.cpu()
        for first in range(0, len(states), rows):
            try:
                pieces = sketch(self.backbone.logits(states[first:first + rows]), labels[first:first + rows], self.K, self.B)
            except UnsoundRow as error:
                raise failure(first + error.row, f"{error.problem}; give --dtype float32, or check the model's weights and the line") from None
            for name, values in pieces.items():
                result[name][start + first:start + first + len(values)] = values.cpu()

    def finish(self):
        """Copies the model's small files, and writes the table of problems and cache.json, which makes the cache complete."""
        if self.problems is not None:
            table = torch.tensor(self.problems, dtype=torch.int32)
            write_safetensors(self.path(PROBLEMS), [("problem", "I32", table)], {"format": "pt"})
        os.makedirs(self.path("backbone"), exist_ok=True)
        for name in Backbone.SMALL_FILES:
            source = os.path.join(self.backbone.folder, name)
            if os.path.exists(source):
                with open(source, "rb") as file:
                    write_whole(os.path.join(self.folder, "backbone", name), [file.read()])
        self.manifest["shards"] = [
            {"file": s.file, "tokens": s.tokens, "trajectories": len(s.trajectories), "crc32": crc_of_file(self.path(s.file))} for s in self.shards
        ]
        text = json.dumps(self.manifest, indent=2, separators=(",", " : "), sort_keys=True, ensure_ascii=False)
        write_whole(self.path("cache.json"), [(text + "\n").encode()])


def difference(key, found, expected):
    """Where two fingerprints differ, in words."""
    if key == "fingerprint":
        old, new = (dict(entry.partition("=")[::2] for entry in text.split("; ")) for text in (found, expected))
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                return f"{name} was {old.get(name, 'absent')} there and is {new.get(name, 'absent')} now"
    return f"its {key} is '{found}', expected '{expected}'"


# MARK: Boxed answers


def last_boxed(text):
    r"""What stands in the last \boxed{…} or \fbox{…} whose braces balance, or behind a \boxed without braces.

    None where there is none. Time is linear in the text's length.
    """
    ends, found = closing_braces(text), None
    for match in re.finditer(r"\\([A-Za-z]*)( *)", text):
        if match[1] not in ("boxed", "fbox"):
            continue
        start = match.end()
        if start in ends:
            found = (start + 1, ends[start])
        elif match[2] and text[start:start + 1] != "{":
            if word := WORD_BEHIND_BOX.match(text, start):
                found = word.span()
    return None if found is None else text[found[0]:found[1]]


WORD_BEHIND_BOX = re.compile(r"[^ \t\r\n$]+")


def closing_braces(text):
    """Where each `{` is closed, in one pass over the text. What stands behind a backslash is no brace."""
    ends, open = {}, []
    for match in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        if match[0] == "{":
            open.append(match.start())
        elif match[0] == "}" and open:
            ends[open.pop()] = match.start()
    return ends


def is_right(completion, answer):
    r"""Whether the completion's last box is equivalent to the answer, by the rules of the toolkit's verifier `boxed`."""
    given = last_boxed(completion)
    if given is None or not given.strip():
        return False
    boxed = last_boxed(answer)
    return Answer(given).is_equivalent(Answer(answer if boxed is None else boxed))


SYNONYMS = {
    "\\dfrac": "\\frac", "\\tfrac": "\\frac", "\\cfrac": "\\frac", "\\nicefrac": "\\frac", "\\sfrac": "\\frac",
    "\\dbinom": "\\binom", "\\tbinom": "\\binom",
    "\\leq": "\\le", "≤": "\\le", "\\leqslant": "\\le", "\\geq": "\\ge", "≥": "\\ge", "\\geqslant": "\\ge",
    "\\lt": "<", "\\gt": ">", "\\neq": "\\ne", "≠": "\\ne", "\\lbrace": "\\{", "\\rbrace": "\\}", "\\lbrack": "[",
    "\\rbrack": "]", "\\varnothing": "\\emptyset", "∅": "\\emptyset", "∞": "\\infty", "π": "\\pi", "√": "\\sqrt",
    "×": "\\times", "·": "\\cdot", "÷": "\\div", "∪": "\\cup", "±": "\\pm", "∓": "\\mp", "∈": "\\in",
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "－": "-",
    "\\lvert": "|", "\\rvert": "|", "\\vert": "|", "\\mid": "|", "\\bar": "\\overline",
    "ln": "\\ln", "log": "\\log", "sin": "\\sin", "cos": "\\cos", "tan": "\\tan",
    "\\ ": " ", "~": " ", "\\,": " ", "\\;": " ", "\\:": " ", "\\quad": " ", "\\qquad": " ", "\\space": " ",
    "\\colon": ":", "\\to": "\\rightarrow", "\\backslash": "\\setminus", "≈": "\\approx",
}
# Tokens that say nothing about the value; percent and money signs too, so that 50\% is 50 and not 0.5.
DECORATION = {
    "\\left", "\\right", "\\!", "\\displaystyle", "\\textstyle", "\\limits", "$", "\\$", "%", "\\%", "\\(", "\\)",
    "\\[", "\\]", "\\big", "\\Big", "\\bigl", "\\bigr", "\\Bigl", "\\Bigr", "\\bigg", "\\Bigg", "°", "\\degree", "£",
    "€", "\u200b",
}
TEXT_COMMANDS = {"\\text", "\\textrm", "\\mbox", "\\hbox"}
FONT_COMMANDS = {
    "\\textbf", "\\textit", "\\textsf", "\\mathrm", "\\mathbf", "\\mathit", "\\mathsf", "\\mathbb", "\\mathcal",
    "\\mathfrak", "\\mathscr", "\\boldsymbol", "\\bm", "\\operatorname", "\\underline",
}
# Each line: the name of a unit, and its other spellings.
UNITS = {word: line.split()[0] for line in """
    cm centimeter centimeters centimetre centimetres;mm millimeter millimeters millimetre millimetres
    km kilometer kilometers kilometre kilometres;m meter meters metre metres;in inch inches;ft foot feet
    mi mile miles;yd yard yards;unit units;degree degrees;s sec second seconds;min minute minutes
    h hr hour hours;day days;week weeks;year years;dollar dollars;cent cents;percent
    kg kilogram kilograms;g gram grams;lb pound pounds;mph;l liter liters litre litres;point points
""".strip().replace("\n", ";").split(";") for word in line.split()}
# Units of one letter, which elsewhere than in \text are variables.
LETTER_UNITS = set("msghlLNJWVK")
# Commands, numbers, white space, words (x, y and z are variables, so that xy is two tokens), single signs.
TOKEN = re.compile(
    r"\\(?:[A-Za-z]+|.)|[0-9]+(?:\.[0-9]+)?|\.[0-9]+|\s+|[^\W\d_xyzπ¹²³¼½¾](?:[^\W\d_π¹²³¼½¾])*|.", re.DOTALL)
DIGITS = re.compile(r"[0-9]+")


def latex_tokens(text):
    tokens = []
    for token in TOKEN.findall(text):
        is_decimal = token[0] == "." and len(token) > 1
        token = " " if token.isspace() else "0" + token if is_decimal else SYNONYMS.get(token, token)
        if token not in DECORATION:
            tokens.append(token)
    return tokens


def is_integer(token):
    return token is not None and DIGITS.fullmatch(token) is not None


def starts_with_digit(token):
    return bool(token) and token[0] in "0123456789"


def is_letter(token):
    return len(token) == 1 and token.isalpha()


def readings(tokens):
    """In which ways an answer's numbers can be read, that with the longest numbers first.

    `100,200` is a number with a separator or a list; `2e-3` is 0.002 or twice Euler's number less 3.
    """
    spaced, found = joined(tokens, " "), []
    for base in (joined(spaced, ","), spaced):
        for reading in (scientific(base), base):
            if reading not in found:
                found.append(reading)
    return found


def joined(tokens, separator):
    """Groups of three digits behind `separator`, or behind `{,}`, join the number before them.

    In brackets a comma separates elements.
    """
    out, place, depth, has_joined = [], 0, 0, False
    while place < len(tokens):
        token = tokens[place]
        is_braced = tokens[place:place + 3] == ["{", ",", "}"]
        next = place + (3 if is_braced else 1)
        is_separator = is_braced or token == separator and (separator == " " or depth == 0)
        if is_separator and next < len(tokens) and out and re.fullmatch(r"[0-9]{3}(\.[0-9]+)?", tokens[next]):
            # `\frac12` is no 12, and `1 100/200` is a mixed number.
            is_first = len(out[-1]) <= 3 and is_integer(out[-1]) and not (
                len(out) > 1 and out[-2] in ("\\frac", "\\binom", "\\sqrt", "^", "_"))
            is_numerator = separator == " " and tokens[next + 1:next + 2] == ["/"]
            if (has_joined or is_first) and not is_numerator:
                out[-1] += tokens[next]
                has_joined, place = True, next + 1
                continue
        depth += (token in ("(", "[", "\\{")) - (token in (")", "]", "\\}"))
        has_joined = False
        out.append(token)
        place += 1
    return out


def scientific(tokens):
    """`1.5e-3`, written without spaces, is one number."""
    out, place = [], 0
    while place < len(tokens):
        end = place + 2
        if end < len(tokens) and starts_with_digit(tokens[place]) and tokens[place + 1] in ("e", "E"):
            sign = tokens[end] if tokens[end] in ("-", "+") else ""
            end += len(sign)
            if end < len(tokens) and is_integer(tokens[end]):
                out.append(f"{tokens[place]}e{sign}{tokens[end]}")
                place = end + 1
                continue
        out.append(tokens[place])
        place += 1
    return out


def canonical_ending(tokens):
    """One form for words that say the same: small letters, one name a unit, no plurals, powers behind their unit."""
    words, letters = [], ""
    for token in [*tokens, " "]:
        if token.isalpha():  # x, y and z are tokens of their own
            letters += token.lower()
            continue
        if letters:
            is_plural = len(letters) > 3 and letters.endswith("s") and not letters.endswith("ss")
            words.append(UNITS.get(letters) or (letters[:-1] if is_plural else letters))
        letters = ""
        if token not in (" ", "{", "}", ".", ","):
            words.append(token)
    out, power = [], None
    for word in words:
        if word in ("square", "sq", "cubic"):
            power = "3" if word == "cubic" else "2"
        elif word == "per":
            out.append("/")
        else:
            out += [word] if power is None else [word, "^", power]
            power = None
    return out


class Normalization:
    r"""Brings tokens into one form: arguments of \frac, \sqrt, ^ and _ stand in braces; text commands, spaces, degree
    signs, `x=` in front and punctuation behind are gone. Units and text at the end stand apart."""

    def __init__(self, tokens):
        self.rest, self.ending, self.previous = list(tokens), [], ""

    @staticmethod
    def normal(tokens):
        """What stands in front of the ending, and the ending in its canonical form, empty where there is none."""
        reader = Normalization(without_braces(tokens))
        normal = trimmed(reader.read(True))
        if normal[:1] in (["+"], ["\\approx"], ["="]):
            del normal[0]
        normal = Normalization.without_name(without_braces(normal))
        return ["\\emptyset"] if normal == ["\\{", "\\}"] else normal, canonical_ending(reader.ending)

    @staticmethod
    def is_manageable(tokens):
        """Models write boxes without end: what is too long or nested too deeply is compared as text alone."""
        depth = deepest = 0
        for token in tokens:
            depth += (token in ("{", "(", "[", "\\{")) - (token in ("}", ")", "]", "\\}"))
            deepest = max(deepest, depth)
        commands = sum(token in ("\\frac", "\\sqrt", "\\binom") for token in tokens)
        return len(tokens) <= 1000 and deepest <= 40 and commands <= 60

    @staticmethod
    def without_name(tokens):
        """`x=5`, `x=1,x=2`, `f(x)=2x` and `(x,y)=(1,2)` name what is asked for; `x=1,y=2` says more than two numbers."""
        if tokens.count("=") == 1:
            # A letter at most, then letters in brackets.
            name = tokens[:tokens.index("=")]
            inner = name[2 if name[:1] and is_letter(name[0]) else 1:-1]
            is_call = len(name) >= 4 and is_letter(name[0]) and name[1] == "("
            if (is_call or name[:1] == ["("]) and name[-1] == ")" and inner and len(inner) % 2 == 1 and all(
                    is_letter(t) if i % 2 == 0 else t == "," for i, t in enumerate(inner)):
                return tokens[len(name) + 1:]
        if len(tokens) <= 2 or not is_letter(tokens[0]) or tokens[1] not in ("=", "\\in"):
            return tokens
        starts = [
            i for i in range(len(tokens)) if (i == 0 or tokens[i - 1] == ",") and tokens[i:i + 2] == tokens[:2]
        ]
        if len(starts) != tokens.count(tokens[1]):
            return tokens
        dropped = {i + k for i in starts for k in (0, 1)}
        return [t for i, t in enumerate(tokens) if i not in dropped]

    def read(self, is_outer):
        out, above = [], None
        while self.rest:
            token = self.rest.pop(0)
            before, self.previous = self.previous, token
            if token == "}" and not is_outer:
                return self.over(above, out)
            if token == "\\over" and above is None:
                above, out = out, []
            elif token == "." and self.is_idle_point(out):
                continue
            elif token == " ":
                self.mixed_number(out)
            elif token in ("\\frac", "\\binom"):
                out += [token, *self.argument(), *self.argument()]
            elif token == "\\sqrt":
                out.append(token)
                self.skip_space()
                if self.rest[:1] == ["["] and "]" in self.rest:
                    end = self.rest.index("]")
                    out += [t for t in self.rest[:end + 1] if t != " "]
                    del self.rest[:end + 1]
                out += self.argument()
            elif token in ("^", "_"):
                script = self.argument()
                if token == "^" and script == ["{", "\\circ", "}"]:
                    if is_outer and (scale := self.temperature_scale()):
                        self.ending, self.rest = ["degree", " ", scale], []
                    continue
                out += [token, *script]
            elif token == "{":
                group = self.read(False)
                out += ["{", *group, "}"] if group else []
            elif token in ("or", "and") and is_outer and out:
                self.comma(out)
            elif token in TEXT_COMMANDS or token in FONT_COMMANDS:
                self.words(out, is_outer, token, before == " ")
            elif is_outer and is_unit(token) and out and self.is_numeric(out[-1]) and self.is_at_end():
                self.end([token])
            else:
                out.append("," if token == ";" else token)
        return self.over(above, out)

    @staticmethod
    def over(above, below):
        r"""`{3 \over 4}` is a fraction; TeX takes all of the group that stands before it, and all behind it."""
        return below if above is None else ["\\frac", "{", *above, "}", "{", *below, "}"]

    def is_idle_point(self, out):
        r"""The point of `1., 2.`: behind a whole number, and before neither digits nor `\overline`."""
        next = [t for t in self.rest[:2] if t != " "][:1]
        return bool(out) and is_integer(out[-1]) and not (
            next and (starts_with_digit(next[0]) or next[0] in (".", "\\overline")))

    def temperature_scale(self):
        """C or F where nothing else follows a degree sign, in a font or not."""
        rest = [t for t in self.rest if t not in (" ", "{", "}", ".", ",") and t not in TEXT_COMMANDS | FONT_COMMANDS]
        return rest[0] if rest in (["C"], ["F"]) else None

    def end(self, words):
        """Takes the rest, a power of a unit at most, as the answer's ending."""
        self.ending, self.rest = [*words, *self.rest], []

    @staticmethod
    def comma(out):
        if out[-1:] != [","]:
            out.append(",")

    def mixed_number(self, out):
        """`7 3/4`: its space is an addition."""
        next = self.rest[:3]
        if not (out and is_integer(out[-1]) and len(next) == 3):
            return
        if is_integer(next[0]) and next[1] == "/" and is_integer(next[2]):
            out += ["\\frac", "{", next[0], "}", "{", next[2], "}"]
            del self.rest[:3]

    def skip_space(self):
        while self.rest[:1] == [" "]:
            del self.rest[0]

    def argument(self):
        self.skip_space()
        if not self.rest:
            return ["{", "}"]
        token = self.rest.pop(0)
        self.previous = ""
        if token == "{":
            return ["{", *self.read(False), "}"]
        if token in ("\\frac", "\\binom"):
            return ["{", token, *self.argument(), *self.argument(), "}"]
        if token == "\\sqrt":
            return ["{", token, *self.argument(), "}"]
        if token == "-" and self.rest:
            return ["{", "-", self.rest.pop(0), "}"]
        if len(token) > 1 and (starts_with_digit(token) or token[0].isalpha()):
            self.rest.insert(0, token[1:])
            return ["{", token[0], "}"]
        return ["{", token, "}"]

    def words(self, out, is_outer, command, is_behind_space):
        r"""`\text{…}`: the ending where it ends an answer, a comma where it says "and" or "or", else its words.

        A single letter in a font is a symbol; as a unit it stands in `\text`, or in `\mathrm` behind a space.
        """
        self.skip_space()
        if self.rest[:1] != ["{"]:
            return
        del self.rest[0]
        written = list(self.rest)
        words = self.read(False)
        if words in (["and"], ["or"]):
            self.comma(out)
            return
        can_be_unit = command in TEXT_COMMANDS or command == "\\mathrm" and is_behind_space
        is_symbol = len(words) == 1 and is_letter(words[0]) and not (
            words[0] in LETTER_UNITS and out and self.is_numeric(out[-1]) and can_be_unit)
        starts_numeric = bool(words) and self.is_numeric(words[0])
        if is_outer and out and not is_symbol and self.is_at_end() and not starts_numeric:
            self.end(written[:len(written) - len(self.rest)])
        else:
            out += words

    def is_at_end(self):
        """Nothing follows but a power of a unit, `^2`."""
        power = [t for t in self.rest if t not in (" ", "{", "}", ".", ",")]
        return not power or len(power) == 2 and power[0] == "^" and is_integer(power[1])

    @staticmethod
    def is_numeric(token):
        return token in ("}", "\\pi") or starts_with_digit(token)


def is_unit(token):
    """Whether a plain word is a unit; `in`, `min` and `sec` mean something else in mathematics."""
    return len(token) > 1 and token not in ("in", "min", "sec") and token.lower() in UNITS


def trimmed(tokens):
    end = len(tokens)
    while end and tokens[end - 1] in (" ", ".", ",", ";", ":"):
        end -= 1
    return tokens[:end]


def without_braces(tokens):
    """Without braces around the whole, space in front and punctuation behind."""
    while True:
        tokens = trimmed(tokens)
        while tokens[:1] == [" "]:
            tokens = tokens[1:]
        if len(tokens) < 2 or tokens[0] != "{" or tokens[-1] != "}":
            return tokens
        depth = 0
        for place, token in enumerate(tokens):
            depth += (token == "{") - (token == "}")
            if depth == 0 and place < len(tokens) - 1:
                return tokens
        if depth != 0:
            return tokens
        tokens = tokens[1:-1]


class NoValue(Exception):
    """What is no expression, or cannot be held exactly in 128 bits."""


def narrow(whole):
    if not -(1 << 127) < whole < 1 << 127:
        raise NoValue
    return whole


def whole_number(digits):
    """Digits of any count; those that 128 bits cannot hold are refused before they are read."""
    digits = digits.lstrip("0")
    if len(digits) > 39:
        raise NoValue
    return narrow(int(digits or "0"))


def power_of_ten(exponent):
    if not 0 <= exponent <= 38:
        raise NoValue
    return 10**exponent


def decimal(token):
    """A decimal such as `12.50` or `1.5e-3`."""
    match = re.fullmatch(r"([0-9]+)(?:\.([0-9]+))?(?:e([-+]?)([0-9]+))?", token)
    if not match:
        raise NoValue
    whole, decimals, sign, exponent = match[1], match[2] or "", match[3], whole_number(match[4] or "0")
    if exponent > 100:
        raise NoValue
    power = (-exponent if sign == "-" else exponent) - len(decimals)
    digits, scale = whole_number(whole + decimals), power_of_ten(abs(power))
    return Fraction(digits, scale) if power < 0 else Fraction(narrow(digits * scale))


class Value:
    """A number: a fraction where all its parts are rational, else complex in double precision."""

    def __init__(self, number):
        self.number = number
        if isinstance(number, complex) and not math.isfinite(math.hypot(number.real, number.imag)):
            raise NoValue

    @property
    def exact(self):
        return self.number if isinstance(self.number, Fraction) else None

    @property
    def float(self):
        return complex(float(self.number)) if self.exact is not None else self.number

    @property
    def magnitude(self):
        return math.hypot(self.float.real, self.float.imag)  # abs() raises where this is infinite

    def equals(self, other):
        """Fractions are equal exactly, others to 11 digits; what rounding leaves of a 0, 1e-14, is 0."""
        if self.exact is not None and other.exact is not None:
            return self.exact == other.exact
        is_zero = self.exact == 0 or other.exact == 0
        difference = self.float - other.float
        most = 1e-14 if is_zero else 1e-11 * max(self.magnitude, other.magnitude)
        return math.hypot(difference.real, difference.imag) <= most

    def plus(self, other):
        a, b = self.exact, other.exact
        if a is None or b is None:
            return Value(self.float + other.float)
        above = narrow(narrow(a.numerator * b.denominator) + narrow(b.numerator * a.denominator))
        return Value(Fraction(above, narrow(a.denominator * b.denominator)))

    def times(self, other):
        a, b = self.exact, other.exact
        if a is None or b is None:
            return Value(self.float * other.float)
        return Value(Fraction(narrow(a.numerator * b.numerator), narrow(a.denominator * b.denominator)))

    def negated(self):
        return self.times(Value(Fraction(-1)))

    def divided(self, other):
        if other.exact == 0 or other.float == 0:
            raise NoValue
        return self.times(Value(1 / other.exact if other.exact is not None else 1 / other.float))

    def root(self, degree):
        """The principal root; odd roots of negative numbers are negative."""
        if not 2 <= degree <= 64:
            raise NoValue
        if self.exact is not None and self.exact >= 0:
            parts = [whole_root(n, degree) for n in (self.exact.numerator, self.exact.denominator)]
            if None not in parts:
                return Value(Fraction(*parts))
        number = self.float
        if number.imag == 0 and number.real < 0 and degree % 2 == 1:
            return self.negated().root(degree).negated()
        size = self.magnitude ** (1 / degree)
        if number.imag == 0 and number.real < 0 and degree == 2:
            return Value(complex(0, size))
        angle = math.atan2(number.imag, number.real) / degree
        return Value(complex(size * math.cos(angle), size * math.sin(angle)))

    def power(self, exponent):
        e = exponent.exact
        if e is not None and e.denominator <= 64 and abs(e.numerator) < 1 << 63:
            if abs(e.numerator) > 1000:
                raise NoValue
            return (self.root(e.denominator) if e.denominator > 1 else self).whole(e.numerator)
        base, e = self.float, exponent.float
        if base.imag != 0 or base.real <= 0:
            raise NoValue
        size, angle = base.real**e.real, e.imag * math.log(base.real)
        return Value(complex(size * math.cos(angle), size * math.sin(angle)) if e.imag != 0 else complex(size))

    def whole(self, exponent):
        base, result = self, Value(Fraction(1))
        if exponent < 0:
            base = Value(Fraction(1)).divided(self)
        for _ in range(abs(exponent)):
            result = result.times(base)
        return result


def whole_root(number, degree):
    near = round(2 ** (math.log2(max(number, 1)) / degree))
    return next((n for n in (near, near + 1, near - 1) if n**degree == number), None)


# Functions of one real number. Angles are in radians; a degree sign is dropped before.
FUNCTIONS = {
    "\\ln": math.log, "\\log": math.log10, "\\exp": math.exp, "\\sin": math.sin, "\\cos": math.cos,
    "\\tan": math.tan, "\\cot": lambda x: 1 / math.tan(x), "\\sec": lambda x: 1 / math.cos(x),
    "\\csc": lambda x: 1 / math.sin(x), "\\arcsin": math.asin, "\\arccos": math.acos, "\\arctan": math.atan,
}


class Expression:
    """Evaluates sums, products (written or not), fractions, powers, roots, factorials, binomials, mixed and repeating
    numbers, absolute values, functions, π, e and i. Other single letters are variables, each with a fixed value without
    pattern."""

    DEEPEST = 110  # groups and functions in each other

    def __init__(self, tokens):
        self.rest, self.place, self.depth, self.bar_depth = tokens, 0, 0, 0

    @staticmethod
    def value(tokens):
        """None for what is no such expression."""
        reader = Expression(tokens)
        try:
            value = reader.sum()
        except (NoValue, OverflowError, ZeroDivisionError, ValueError, RecursionError):
            return None
        return value if reader.place == len(tokens) else None

    def peek(self):
        return self.rest[self.place] if self.place < len(self.rest) else None

    def take(self):
        token = self.peek()
        if token is None:
            raise NoValue
        self.place += 1
        return token

    def sum(self):
        total = self.product()
        while self.peek() in ("+", "-"):
            sign, term = self.take(), self.product()
            total = total.plus(term.negated() if sign == "-" else term)
        return total

    def product(self):
        total = self.factor()
        while (next := self.peek()) is not None:
            if next in ("*", "\\cdot", "\\times"):
                self.take()
                total = total.times(self.factor())
            elif next in ("/", "\\div"):
                self.take()
                total = total.divided(self.factor())
            elif next in ("+", "-", ")", "}", "]") or next == "|" and self.bar_depth > 0:
                break
            elif starts_with_digit(next):
                raise NoValue  # two numbers side by side are no product
            else:
                total = total.times(self.factor())
        return total

    def factor(self):
        is_negative = False
        while self.peek() in ("-", "+"):
            is_negative ^= self.take() == "-"
        value = self.power()
        return value.negated() if is_negative else value

    def power(self):
        value = self.atom()
        if self.peek() == "^":
            self.take()
            value = value.power(self.group("{", "}"))
        if self.peek() == "!":
            self.take()
            if value.exact is None or value.exact.denominator != 1 or not 0 <= value.exact <= 33:
                raise NoValue
            value = Value(Fraction(math.factorial(int(value.exact))))
        return value

    def atom(self):
        token = self.peek()
        if token in ("(", "{"):
            return self.group(token, ")" if token == "(" else "}")
        if token == "|":
            return self.absolute()
        token = self.take()
        if token in FUNCTIONS:
            return self.function(token)
        if token == "\\pi":
            return Value(complex(math.pi))
        if token == "i":
            return Value(1j)
        if token == "e":
            return Value(complex(math.e))
        if token == "\\binom":
            return binomial(self.group("{", "}").exact, self.group("{", "}").exact)
        if token == "\\frac":
            above = self.group("{", "}")
            return above.divided(self.group("{", "}"))
        if token == "\\sqrt":
            degree = 2
            if self.peek() == "[":
                written = self.group("[", "]").exact
                if written is None or written.denominator != 1:
                    raise NoValue
                degree = int(written)
            return self.group("{", "}").root(degree)
        if starts_with_digit(token):
            return self.repeating(token) or self.mixed(decimal(token))
        if is_letter(token) and token.isascii():
            noise = math.sin(ord(token) * 12.9898) * 43758.5453
            return Value(complex(0.5 + noise - math.floor(noise)))
        raise NoValue

    def mixed(self, whole):
        r"""`3\frac{1}{2}` is a mixed number where all its parts are written in digits."""
        next = self.rest[self.place:self.place + 7]
        braces = [next[i] for i in (0, 1, 3, 4, 6)] if len(next) == 7 else []
        if whole.denominator == 1 and braces == ["\\frac", "{", "}", "{", "}"]:
            if is_integer(next[2]) and is_integer(next[5]) and next[5].strip("0"):
                self.place += 7
                return Value(whole).plus(Value(Fraction(whole_number(next[2]), whole_number(next[5]))))
        return Value(whole)

    def repeating(self, number):
        r"""Digits that repeat behind a number, as in `0.1\overline{6}`; None where there are none."""
        has_point = self.peek() == "."
        start = self.place + has_point
        next = self.rest[start:start + 4]
        if len(next) != 4 or next[:2] != ["\\overline", "{"] or not is_integer(next[2]) or next[3] != "}":
            return None
        if ("." in number) == has_point or "e" in number:
            raise NoValue
        nines, scale = power_of_ten(len(next[2])) - 1, power_of_ten(len(number.partition(".")[2]))
        self.place = start + 4
        return Value(decimal(number)).plus(Value(Fraction(whole_number(next[2]), narrow(nines * scale))))

    def absolute(self):
        """`|…|` of numbers; that of variables depends on their sign."""
        start = self.place
        self.bar_depth += 1
        value = self.group("|", "|")
        self.bar_depth -= 1
        if any(is_letter(t) and t.isascii() and t not in "ie" for t in self.rest[start:self.place]):
            raise NoValue
        if value.exact is not None:
            return value.negated() if value.exact < 0 else value
        return Value(complex(value.magnitude))

    def function(self, name):
        r"""A function's exponent, then its argument: a group, or factors up to the next sign, point or function."""
        self.depth += 1
        if self.depth > self.DEEPEST:
            raise NoValue
        base = exponent = None
        if name == "\\log" and self.peek() == "_":
            self.take()
            base = self.group("{", "}").float
        if self.peek() == "^":
            self.take()
            exponent = self.group("{", "}")
            if exponent.exact == -1 and f"\\arc{name[1:]}" in FUNCTIONS:
                name, exponent = f"\\arc{name[1:]}", None  # \sin^{-1} is the inverse function
            elif exponent.exact is None or exponent.exact <= 0:
                raise NoValue
        first = self.peek()
        if first in ("(", "{"):
            argument = self.group(first, ")" if first == "(" else "}").float
        else:
            argument = self.argument_without_brackets().float
        self.depth -= 1
        if argument.imag != 0 or base is not None and base.imag != 0:
            raise NoValue
        x = argument.real
        result = Value(complex(FUNCTIONS[name](x) if base is None else math.log(x) / math.log(base.real)))
        return result if exponent is None else result.power(exponent)

    def argument_without_brackets(self):
        total = self.factor() if self.peek() == "-" else self.power()
        ends = ("+", "-", "*", "/", ")", "]", "}", "|", "\\cdot", "\\times", "\\div")
        while (next := self.peek()) is not None and next not in ends and next not in FUNCTIONS:
            if starts_with_digit(next):
                raise NoValue
            total = total.times(self.power())
        return total

    def group(self, open, close):
        self.depth += 1
        if self.depth > self.DEEPEST or self.take() != open:
            raise NoValue
        value = self.sum()
        if self.take() != close:
            raise NoValue
        self.depth -= 1
        return value


def binomial(n, k):
    """"n choose k" of whole numbers from 0 up to 1,000."""
    if n is None or k is None or n.denominator != 1 or k.denominator != 1 or not 0 <= k <= n <= 1000:
        raise NoValue
    return Value(Fraction(narrow(math.comb(int(n), int(k)))))


def with_signs_written(tokens):
    r"""Tokens with each `\pm` and `\mp` written out.

    An element of a list or set becomes several; anything else becomes a list. `\pm` are independent of each other, but
    linked to each other and to `\mp` where both occur. More than three in one element stay as they are.
    """
    if "\\pm" not in tokens and "\\mp" not in tokens:
        return tokens
    is_set = tokens[0] == "\\{" and tokens[-1] == "\\}"
    out = []
    for element in split(tokens[1:-1] if is_set else tokens, ","):
        for version in sign_versions(element):
            out += [",", *version]
    return ["\\{", *out[1:], "\\}"] if is_set else out[1:]


def sign_versions(tokens):
    places = [i for i, token in enumerate(tokens) if token in ("\\pm", "\\mp")]
    is_linked = len({tokens[i] for i in places}) == 2
    if not places or not is_linked and len(places) > 3:
        return [tokens]
    versions = []
    for choice in range(2 if is_linked else 1 << len(places)):
        version = list(tokens)
        for number, place in enumerate(places):
            is_second = choice >> (0 if is_linked else number) & 1 == 1
            version[place] = "-" if is_second == (tokens[place] == "\\pm") else "+"
        versions.append(without_plus(version))
    return versions


def without_plus(tokens):
    """`+3` is `3`."""
    return tokens[1:] if tokens[:1] == ["+"] else tokens


class Answer:
    """An answer in LaTeX. Units and text at the end are compared where both have them, and dropped where one has.

    Numbers that can be read in two ways are the same where one way makes them so.
    """

    def __init__(self, text):
        tokens = latex_tokens(text)
        if not Normalization.is_manageable(tokens):
            self.terms, self.ending = [Term(["".join(text.split())])], []
            return
        forms = [Normalization.normal(reading) for reading in readings(tokens)]
        self.terms, self.ending = [Term(with_signs_written(form)) for form, _ in forms], forms[-1][1]

    def is_equivalent(self, other):
        if self.ending and other.ending and self.ending != other.ending:
            return False
        return any(a.is_equivalent(b) for a in self.terms for b in other.terms)


class Term:
    """Normalised tokens: equal as text but for capitals in words, as values, or element by element."""

    def __init__(self, tokens):
        self.tokens, self.text = tokens, with_small_words("".join(tokens))

    @functools.cached_property
    def value(self):
        return Expression.value(self.tokens)

    @functools.cached_property
    def collection(self):
        """(brackets, a bounded variable or None, elements), or None for a single answer."""
        found = collection(self.tokens)
        return found and (*found[:2], [Term(without_plus(element)) for element in found[2]])

    def is_equivalent(self, other):
        if not self.tokens or not other.tokens:
            return not self.tokens and not other.tokens
        if self.text == other.text:
            return True
        if self.value is not None and other.value is not None:
            return self.value.equals(other.value)
        if self.collection is None or other.collection is None:
            return False
        form, variable, mine = self.collection
        other_form, other_variable, theirs = other.collection
        is_other_variable = None not in (variable, other_variable) and variable != other_variable
        if form != other_form or len(mine) != len(theirs) or is_other_variable:
            return False
        if form not in ("{}", "∪"):
            return all(a.is_equivalent(b) for a, b in zip(mine, theirs))
        theirs = list(theirs)
        for element in mine:
            place = next((i for i, right in enumerate(theirs) if element.is_equivalent(right)), None)
            if place is None:
                return False
            del theirs[place]
        return True


def with_small_words(text):
    r"""Words of three letters and more, and "no", in small letters: `Yes` is `yes`, but `AB` is not `ab`, and `\Delta`
    not `\delta`."""
    def small(match):
        is_word = not match[1] and (len(match[2]) >= 3 or match[2].lower() == "no")
        return match[1] + (match[2].lower() if is_word else match[2])

    return re.sub(r"(\\?)([^\W\d_]+)", small, text)


def collection(tokens):
    """(brackets, the variable that an inequality bounds or None, elements); None for a single answer.

    Brackets say what it is; a bare list is a set without them. An inequality of one variable is an interval.
    """
    if found := inequality(tokens):
        return found
    if len(tokens) > 8 and tokens[0] == "\\begin" and tokens[2].endswith("matrix"):
        if tokens[-4:] == ["\\end", "{", tokens[2], "}"]:
            rows = [split(row, "&") for row in split(tokens[4:-4], "\\\\")]
            if all(len(row) == len(rows[0]) for row in rows):
                return f"matrix {len(rows[0])}", None, [entry for row in rows for entry in row]
    if len(parts := split(tokens, "\\cup")) > 1:
        return "∪", None, parts
    if len(parts := split(tokens, ",")) > 1:
        return "{}", None, parts
    if len(tokens) <= 2 or not all(depth > 0 for depth in depths(tokens)[:-1]):
        return None
    inner = split(tokens[1:-1], ",")
    if tokens[0] == "\\{" and tokens[-1] == "\\}":
        return "{}", None, inner
    if len(inner) > 1 and tokens[0] in ("(", "[") and tokens[-1] in (")", "]"):
        return tokens[0] + tokens[-1], None, inner
    return None


def inequality(tokens):
    r"""`a<x\le b`, `b\ge x>a`, `x<b` and `a<x`, of one letter, as intervals."""
    relations = ("<", ">", "\\le", "\\ge")
    signs = [i for i, depth in enumerate(depths(tokens)) if depth == 0 and tokens[i] in relations]
    if not 1 <= len(signs) <= 2 or len({tokens[i] in ("<", "\\le") for i in signs}) != 1:
        return None
    parts = [tokens[start:end] for start, end in zip([0, *(i + 1 for i in signs)], [*signs, len(tokens)])]
    relations = [tokens[i] for i in signs]
    if relations[0] in (">", "\\ge"):
        parts, relations = parts[::-1], relations[::-1]
    is_variable = [len(part) == 1 and is_letter(part[0]) for part in parts]
    if len(parts) == 2:
        if is_variable[0] == is_variable[1]:
            return None
        if is_variable[0]:
            parts, relations, is_variable = [["-", "\\infty"], *parts], ["<", *relations], [False, *is_variable]
        else:
            parts, relations = [*parts, ["\\infty"]], [*relations, "<"]
    if not is_variable[1] or not parts[0] or not parts[2]:
        return None
    is_open = [relation in ("<", ">") for relation in relations]
    brackets = ("(" if is_open[0] else "[") + (")" if is_open[1] else "]")
    return brackets, parts[1][0], [parts[0], parts[2]]


def split(tokens, separator):
    """The parts between separators outside of brackets."""
    cuts = [i for i, depth in enumerate(depths(tokens)) if depth == 0 and tokens[i] == separator]
    return [tokens[start:end] for start, end in zip([0, *(i + 1 for i in cuts)], [*cuts, len(tokens)])]


def depths(tokens):
    """How many brackets are open behind each token. Intervals open and close with different ones, so kinds are not
    told apart."""
    depth, found = 0, []
    for token in tokens:
        depth += (token in ("(", "[", "{", "\\{")) - (token in (")", "]", "}", "\\}"))
        found.append(depth)
    return found


# MARK: Sampling


class NumberText(str):
    """A number in JSON as it is written there: 12345678901234567890 and 1e-7 stay what they are."""


def read_problems(path):
    """(id, problem, answer) of each line. `prompt` is read as `problem` where that is missing, and `answer` as `gt`."""
    problems, places = [], {}
    refuse_pointer(path)
    try:
        with open(path, "rb") as file:
            for number, row in enumerate(file, 1):
                if not row.removeprefix(BYTE_ORDER_MARK).strip():
                    continue
                try:
                    line = json_line(row, parse_int=NumberText, parse_float=NumberText)
                except Misfit as error:
                    raise InputError(f"{path}, line {number}: {error}") from None
                try:
                    answer = line["gt"] if "gt" in line else line["answer"]
                    problem = line["problem"] if "problem" in line else line["prompt"]
                    name = str(number) if line.get("id") is None else line["id"]
                    is_text = isinstance(problem, str) and not isinstance(problem, NumberText)
                    if not is_text or not isinstance(answer, str) or not isinstance(name, str):
                        raise TypeError
                except (KeyError, TypeError):
                    raise InputError(f'{path}, line {number}: expected a problem such as {{"problem": "2+2=", "gt": "4"}}; bring the line into that form') from None
                if line.get("verifier") not in (None, "boxed"):
                    raise InputError(
                        f"{path}, line {number}: names the verifier {line['verifier']!r}, expected boxed, the only one here; "
                        "sample such problems with autodeco-collect")
                name = str(name)
                if name in places:
                    raise InputError(f'{path}, line {number}: the id "{name}" stands in line {places[name]}, too; give each problem its own')
                places[name] = number
                problems.append((name, problem, str(answer)))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({first_line(error)}), expected problems, one JSON object a line; name such a file") from None
    if not problems:
        raise InputError(f"{path}: holds no problems, expected one JSON object a line; add some")
    return problems


def cut_at_stop(ids, tokenizer, stops, ends):
    """The ids up to the one that completes a stop text, and the text before it, without special tokens; None where none comes.

    As `autodeco-generate --stop` cuts: of several stop texts the one that is complete first, and of those the longest, byte by byte.
    """
    def said(count):
        return tokenizer.decode([i for i in ids[:count] if i not in ends], skip_special_tokens=True, clean_up_tokenization_spaces=False).encode()

    whole = said(len(ids))
    found = [(place + len(stop), -len(stop)) for stop in map(str.encode, stops) if (place := whole.find(stop)) >= 0]
    if not found:
        return None
    end, minus_length = min(found)
    few, enough = 0, len(ids)
    while enough - few > 1:
        count = (few + enough) // 2
        few, enough = (few, count) if said(count)[:end] == whole[:end] else (count, enough)
    return ids[:enough], whole[:end + minus_length].decode(errors="replace")


class TransformersEngine:
    def __init__(self, backbone, arguments, tokenizer):
        self.model, self.device, self.tokenizer = backbone.model, backbone.first_device(), tokenizer
        self.arguments, self.context = arguments, backbone.context

    def sample(self, number, ids, ends):
        """So many completions of one prompt, each the sampled ids up to its end token or the limit."""
        a = self.arguments
        decoding = {"do_sample": True, "temperature": a.temperature, "top_p": a.top_p, "top_k": 0} if a.temperature > 0 else {"do_sample": False}
        torch.manual_seed(a.seed * 1_000_003 + number)
        if a.stop:
            decoding["stopping_criteria"] = self.stopping(len(ids))
        results, prompt = [], torch.tensor([ids], device=self.device)
        room = a.max_tokens if self.context is None else min(a.max_tokens, self.context - len(ids))
        while len(results) < a.sample:
            count = min(a.sample_batch, a.sample - len(results))
            output = self.model.generate(
                input_ids=prompt, attention_mask=torch.ones_like(prompt), num_return_sequences=count, max_new_tokens=room, eos_token_id=sorted(ends),
                pad_token_id=min(ends), repetition_penalty=1.0, **decoding)
            results += [self.cut(row, ends) for row in output[:, len(ids):].tolist()]
        return results

    def stopping(self, start):
        """Ends rows in whose last tokens a stop text stands; `cut_at_stop` says where exactly, and what this overlooks."""
        from transformers import StoppingCriteria, StoppingCriteriaList
        tokenizer, stops, last = self.tokenizer, self.arguments.stop, max(len(stop.encode()) for stop in self.arguments.stop) + 8

        class AtStopText(StoppingCriteria):
            def __call__(self, input_ids, scores, **rest):
                texts = tokenizer.batch_decode(input_ids[:, max(start, input_ids.shape[1] - last):].tolist(), skip_special_tokens=True)
                return torch.tensor([any(stop in text for stop in stops) for text in texts], device=input_ids.device)

        return StoppingCriteriaList([AtStopText()])

    @staticmethod
    def cut(ids, ends):
        end = next((i for i, token in enumerate(ids) if token in ends), None)
        return ids if end is None else ids[:end + 1]


class VLLMEngine:
    """All problems at once would not be resumable: vLLM gets them in blocks."""

    def __init__(self, backbone, arguments):
        if importlib.util.find_spec("vllm") is None:
            raise InputError("vLLM is not installed; install it with pip install vllm, or take --engine transformers")
        if backbone.output_differs:
            raise InputError(
                f"{backbone.name}: config.json ties the output matrix, but {OUTPUT} holds other values than the embedding, which vLLM would take; "
                "set tie_word_embeddings to false, or take --engine transformers")
        from vllm import LLM
        self.arguments = arguments
        self.model = LLM(
            model=backbone.folder, dtype=arguments.dtype, seed=arguments.seed, trust_remote_code=arguments.trust_remote_code,
            tensor_parallel_size=max(1, torch.cuda.device_count()) if arguments.device_map else 1)

    def sample_all(self, numbers, prompts, ends):
        from vllm import SamplingParams
        a = self.arguments
        settings = [
            SamplingParams(
                n=a.sample, temperature=a.temperature, top_p=a.top_p, max_tokens=a.max_tokens, seed=a.seed * 1_000_003 + number, stop_token_ids=sorted(ends),
                stop=a.stop or None, detokenize=bool(a.stop)) for number in numbers
        ]
        outputs = self.model.generate([{"prompt_token_ids": ids} for ids in prompts], settings, use_tqdm=False)
        return [[TransformersEngine.cut(list(o.token_ids), ends) for o in output.outputs] for output in outputs]


class Reasons:
    """Why completions are not right, by count, to be told when none of the first ones is."""

    EARLY = 64
    SHOWN = 300  # characters of a completion

    def __init__(self):
        self.counts, self.seen, self.right, self.last = collections.Counter(), 0, 0, ""

    def judge(self, ids, ended, text, answer):
        """Whether a completion is right: it ended, and its last box is the answer.

        ended: its ids and its text where it ended by itself or at a stop text, or None.
        """
        self.seen += 1
        said = text.chat.decode(ids) if ended is None else ended[1]
        if ended is not None and is_right(said, answer):
            self.right += 1
            return True
        self.last = said
        boxed = last_boxed(said)
        reason = "cut off at --max-tokens" if ended is None else "no answer in a box" if not (boxed or "").strip() else "another value"
        self.counts[reason] += 1
        return False

    def told(self):
        reasons = ", ".join(f"{reason} {count}" for reason, count in self.counts.most_common())
        said = self.last.replace("\n", "⏎")
        return f"{reasons}. The last one: “{said[:self.SHOWN]}{'…' if len(said) > self.SHOWN else ''}”"


def sample(backbone, text, arguments, path):
    """Samples completions of all problems, keeps the distinct right ones that ended by themselves, and writes the trajectory file.

    Finished problems wait in a file beside it, so that an interrupted run goes on behind them.
    """
    a, problems = arguments, read_problems(arguments.problems)
    if text is None:
        raise InputError(f"{backbone.name}: has no tokenizer, which sampling needs; add its tokenizer files")
    if not text.ends:
        raise InputError(f"{backbone.name}: names no end token; add eos_token_id to its generation_config.json")
    problems = [(i, *p) for i, p in enumerate(problems) if i % a.world == a.rank]
    settings = {k: getattr(a, k) for k in ("sample", "keep", "temperature", "top_p", "max_tokens", "seed", "prompt_template", "chat", "engine", "dtype", "rank", "world")}
    if a.stop:  # a run from before there were stop texts goes on
        settings["stop"] = a.stop
    mark = json.dumps({"settings": settings, "problems": crc_of_file(a.problems), "model": backbone.fingerprint()}, sort_keys=True)
    waiting, done = path + ".partial", {}
    if os.path.exists(waiting):
        with open(waiting, encoding="utf-8") as file:
            rows = file.read().split("\n")
        if rows[0] != mark:
            raise InputError(f"{waiting}: belongs to a run with another model, problems or settings; remove it, or give another --trajectories")
        # Behind the last line break there is nothing, or what an interruption cut.
        done = {row["problem"]: row for row in map(json.loads, rows[1:-1])}
    with open(waiting, "w", encoding="utf-8") as file:
        file.write("\n".join([mark, *(json.dumps(row, ensure_ascii=False) for row in done.values())]) + "\n")

    def prompt(problem):
        words = a.prompt_template.replace("{problem}", problem)
        if a.chat:
            if not getattr(text.chat, "chat_template", None):
                raise InputError(f"{backbone.name}: its tokenizer has no chat template; leave --chat out and give --prompt-template")
            words = text.chat.apply_chat_template([{"role": "user", "content": words}], tokenize=False, add_generation_prompt=True)
        ids = text.prompt_ids(words)
        if not ids:
            raise InputError(f"{a.problems}: a problem makes a prompt without tokens; give a --prompt-template with more than the problem")
        if backbone.context is not None and len(ids) >= backbone.context:
            raise InputError(f"{a.problems}: a prompt has {len(ids)} tokens, expected fewer than the model's context of {backbone.context}; remove the problem")
        return words, ids

    def ended(ids):
        """The ids and the text of a completion that ended by itself or at a stop text, or None."""
        if a.stop and (stopped := cut_at_stop(ids, text.chat, a.stop, text.ends)):
            return tuple(stopped[0]), stopped[1]
        return (tuple(ids), text.chat.decode(ids[:-1])) if ids and ids[-1] in text.ends else None

    left, reasons = [p for p in problems if p[0] not in done], Reasons()
    if left:
        if a.engine == "vllm":
            engine, size = VLLMEngine(backbone, a), 256
        else:
            engine, size = TransformersEngine(backbone.model and backbone or backbone.load(), a, text.chat), 1
        accepted, is_told = sum(row["accepted"] for row in done.values()), False
        progress = Progress("sample,", len(problems), len(done), "problems")
        with open(waiting, "a", encoding="utf-8") as file:
            for start in range(0, len(left), size):
                block = left[start:start + size]
                prompts = [prompt(p[2]) for p in block]
                if a.engine == "vllm":
                    completions = engine.sample_all([p[0] for p in block], [ids for _, ids in prompts], text.ends)
                else:
                    completions = [engine.sample(p[0], ids, text.ends) for p, (_, ids) in zip(block, prompts)]
                for (number, name, _, answer), (words, ids), samples in zip(block, prompts, completions):
                    lines = []
                    right = [found for s in samples if reasons.judge(s, found := ended(s), text, answer)]
                    for ids_of_completion, said in dict(right).items():
                        lines.append({
                            "prompt": words, "completion": said, "prompt_ids": ids,
                            "completion_ids": list(ids_of_completion), "problem_id": name, "correct": True, "truncated": False,
                        })
                    accepted += len(right)
                    done[number] = {"problem": number, "accepted": len(right), "lines": lines[:a.keep]}
                    file.write(json.dumps(done[number], ensure_ascii=False) + "\n")
                file.flush()
                if not is_told and accepted == 0 and reasons.seen >= Reasons.EARLY:
                    is_told = True
                    note(f"none of the first {reasons.seen} completions is right: {reasons.told()}")
                progress.advance(len(block), f"{accepted} of {len(done) * a.sample} right")
        progress.finish()
    lines = [line for number in sorted(done) for line in done[number]["lines"]]
    if not lines:
        raise InputError(f"{a.problems}: none of {len(problems) * a.sample} completions is right; look at --prompt-template, --chat and --max-tokens"
            + (f" ({reasons.told()})" if reasons.seen else ""))
    write_whole(path, ((json.dumps(line, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n").encode() for line in lines))
    os.unlink(waiting)
    note(f"{path}: {len(lines):,} right completions of {sum(bool(row['lines']) for row in done.values()):,} of {len(problems):,} problems")


# MARK: The command


def parse(given):
    def whole(low, high=1 << 40):
        def check(text):
            if not text.isdigit() or not low <= int(text) <= high:
                raise argparse.ArgumentTypeError(f"is '{text}', expected a whole number from {low} to {high}")
            return int(text)
        return check

    def number(low, high):
        def check(text):
            try:
                value = float(text)
            except ValueError:
                value = math.nan
            if not low <= value <= high:
                raise argparse.ArgumentTypeError(f"is '{text}', expected a number from {low} to {high}")
            return value
        return check

    parser = argparse.ArgumentParser(
        prog="export_cache.py", description="Writes the hidden-state cache of any causal model that transformers loads.",
        epilog="The head of this file says more.", allow_abbrev=False)
    add = parser.add_argument
    add("--model", required=True, help="a model's folder, or its name on the hub")
    add("--trajectories", required=True, metavar="FILE", help="trajectories, one JSON object a line; with --sample this file is written first")
    add("--output", metavar="DIR", help="folder of the cache; with --world above 1 it gets a folder for each rank")
    add("--name", help="what reports call the model; its last path component by default")
    model = parser.add_argument_group("the model")
    model.add_argument("--device", help="cuda, cuda:1, mps, cpu, …; the best there is by default")
    model.add_argument("--device-map", metavar="MAP", help="auto spreads a large model over all devices")
    model.add_argument("--dtype", choices=["bfloat16", "float16", "float32"], default="bfloat16", help="what the model computes in (bfloat16)")
    model.add_argument("--attention", metavar="NAME", help="transformers' attn_implementation, such as flash_attention_2")
    model.add_argument("--trust-remote-code", action="store_true", help="run the code that comes with the model")
    cache = parser.add_argument_group("the cache")
    cache.add_argument("--top-logits", type=whole(5, 1 << 16), default=256, metavar="K", help="largest logits that are kept exactly (256)")
    cache.add_argument("--tail-bins", type=whole(1, 1 << 16), default=128, metavar="B", help="bins for the other logits (128)")
    cache.add_argument("--hidden-type", choices=["BF16", "F16", "F32"], default="BF16", help="how hidden states are stored (BF16)")
    cache.add_argument("--shard-tokens", type=whole(1, 100_000_000), default=16_384, metavar="N", help="tokens a file, what an interruption costs at most (16384)")
    cache.add_argument("--batch-tokens", type=whole(1), default=16_384, metavar="N", help="ids of one forward pass, with padding; less takes less memory (16384)")
    cache.add_argument("--skip-too-long", action="store_true", help="leave out trajectories that are longer than the model's context")
    cache.add_argument("--rank", type=whole(0), default=0, metavar="R", help="which part of the trajectories is this process's, from 0")
    cache.add_argument("--world", type=whole(1), default=1, metavar="W", help="number of parts")
    sampling = parser.add_argument_group("sampling")
    sampling.add_argument("--sample", type=whole(1), metavar="N", help="sample so many completions a problem, and keep the right ones")
    sampling.add_argument("--sample-only", action="store_true", help="write the trajectory file and no cache")
    sampling.add_argument("--problems", metavar="FILE", help='problems, one a line: {"problem": "…", "gt": "…"}')
    sampling.add_argument("--engine", choices=["transformers", "vllm"], default="transformers", help="what samples (transformers)")
    sampling.add_argument("--prompt-template", default="{problem}", metavar="TEXT", help="a text with {problem}")
    sampling.add_argument("--chat", action="store_true", help="put the prompt into the model's chat template, as the user's message")
    sampling.add_argument("--stop", action="append", default=[], metavar="TEXT", help="a text before which a completion ends; may be given many times")
    sampling.add_argument("--keep", type=whole(1), default=4, metavar="N", help="distinct right completions that are kept a problem, at most (4)")
    sampling.add_argument("--temperature", type=number(0, 1e4), default=1.0, metavar="X", help="of sampling (1)")
    sampling.add_argument("--top-p", type=number(1e-6, 1), default=1.0, metavar="X", help="of sampling (1)")
    sampling.add_argument("--max-tokens", type=whole(1), default=16_384, metavar="N", help="longest completion; longer ones are wrong (16384)")
    sampling.add_argument("--sample-batch", type=whole(1), default=16, metavar="N", help="completions of a problem that are sampled together by transformers (16)")
    sampling.add_argument("--seed", type=whole(0, 1 << 31), default=0, metavar="N", help="of sampling (0)")
    a = parser.parse_args(given)
    if a.rank >= a.world:
        parser.error(f"--rank is {a.rank}, expected 0 to {a.world - 1}, below --world")
    if (a.sample is None) != (a.problems is None):
        parser.error("--sample and --problems belong together; give both or none")
    if a.sample_only and a.sample is None:
        parser.error("--sample-only is for --sample; give --sample and --problems, too")
    if a.output is None and not a.sample_only:
        parser.error("--output is missing; name the folder of the cache")
    if "" in a.stop:
        parser.error("--stop is an empty text, which would stop everything")
    if "{problem}" not in a.prompt_template:
        parser.error("--prompt-template holds no {problem}; put it where the problem belongs")
    if a.sample is not None and a.world > 1 and not a.sample_only:
        parser.error("--sample with --world above 1 needs --sample-only; join the files of all ranks with cat, then export them with --trajectories")
    return a


def export(a, given):
    backbone = Backbone(a.model, getattr(torch, a.dtype), a.device, a.device_map, a.trust_remote_code, a.attention)
    text = backbone.text()
    vocabulary = backbone.check(text)
    trajectories = a.trajectories + (f".part-{a.rank:05d}-of-{a.world:05d}" if a.sample_only and a.world > 1 else "")
    if a.sample is not None:
        if os.path.exists(trajectories):
            note(f"{trajectories}: sampled already")
        elif a.engine == "vllm" and not a.sample_only:
            # In a process of its own, whose end gives the device's memory back.
            if importlib.util.find_spec("vllm") is None:
                raise InputError("vLLM is not installed; install it with pip install vllm, or take --engine transformers")
            status = subprocess.run([sys.executable, os.path.abspath(__file__), *given, "--sample-only"]).returncode
            if status != 0:
                raise SystemExit(status)
        else:
            sample(backbone, text, a, trajectories)
        if a.sample_only:
            return
    if vocabulary is None:
        vocabulary = backbone.load().vocabulary
    kept, lengths, problems = read_trajectories(trajectories, text, vocabulary, backbone.context, a.skip_too_long, a.rank, a.world)
    entries = backbone.fingerprint() | {"trajectories": f"{os.path.getsize(trajectories)} bytes {crc_of_file(trajectories)}", "dtype": a.dtype, "writer": "export_cache.py"}
    fingerprint = "; ".join(f"{name}={entries[name]}" for name in sorted(entries))
    part = f"{a.rank:05d}-of-{a.world:05d}" if a.world > 1 else None
    folder = os.path.join(a.output, f"part-{part}") if part else a.output
    with lock(folder):
        if backbone.model is None:
            backbone.load()
        exporter = Exporter(
            backbone, kept, lengths, problems, folder, fingerprint, part=part, model_name=a.name or os.path.basename(os.path.normpath(a.model)), top_logits=a.top_logits,
            tail_bins=a.tail_bins, hidden_type=a.hidden_type, shard_tokens=a.shard_tokens, batch_tokens=a.batch_tokens)
        if exporter.is_complete():
            note(f"{folder}: complete already")
            return
        backbone.probe(kept[0].ids[:8].tolist())
        gc.collect()
        exporter.run()
        note(f"{folder}: {len(kept):,} trajectories, {exporter.tokens:,} tokens in {len(exporter.shards):,} shards")


def main(given=None):
    given = sys.argv[1:] if given is None else given
    # Answers nest up to forty brackets, and each takes a few calls.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        from transformers.utils import logging
        logging.disable_progress_bar()
        logging.set_verbosity_error()
    except ImportError:
        print("export_cache.py: transformers is not installed; install it with pip install transformers", file=sys.stderr)
        return 2
    a = parse(given)
    try:
        export(a, given)
    except InputError as error:
        print(f"export_cache.py: {error}", file=sys.stderr)
        return 2
    except torch.OutOfMemoryError:
        print("export_cache.py: the device's memory does not suffice; give a smaller --batch-tokens, or --device-map auto", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nexport_cache.py: interrupted; start it again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
