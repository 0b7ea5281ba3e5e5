#!/usr/bin/env bash
# One would guess that Tokenizer.from_file, which is written in Rust and takes a good part of a second for a multilingual
# vocabulary, lets other Python threads work meanwhile, as Tokenizer.encode_batch does, so that a program could load a
# language model or import libraries on another thread in that time.
# True: loading keeps the interpreter's lock; a thread beside it stands still until the file is read.
# Seen with tokenizers 0.23.3.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tokenizers==0.23.3
cat >"$folder/look.py" <<'PY'
import os
import sys
import threading
import time
from importlib.metadata import version

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import Tokenizer, models, pre_tokenizers

# as many pieces as multilingual vocabularies have
pieces = [("<unk>", 0.0), *((f"w{n}", -1.0 - n / 1e6) for n in range(250_000))]
made = Tokenizer(models.Unigram(pieces, unk_id=0))
made.pre_tokenizer = pre_tokenizers.Whitespace()
path = sys.argv[1]
made.save(path)

count = 0


def spin():
    global count
    while True:
        count += 1


threading.Thread(target=spin, daemon=True).start()


def share(work):
    """Steps of the other thread a second while the work is done, against those while this thread sleeps."""
    begun, before = time.monotonic(), count
    work()
    seconds, steps = time.monotonic() - begun, count - before
    before = count
    time.sleep(seconds)
    return seconds, steps / max(1, count - before)


texts = [" ".join(f"w{n * 37 % 250_000}" for n in range(400))] * 400
loading = share(lambda: Tokenizer.from_file(path))
encoding = share(lambda: made.encode_batch(texts))
print("tokenizers", version("tokenizers"))
print(f"from_file: {loading[0]:.2f} s, the other thread at {loading[1]:.0%} of its speed")
print(f"encode_batch: {encoding[0]:.2f} s, the other thread at {encoding[1]:.0%} of its speed")
sys.exit(0 if loading[1] < 0.2 < encoding[1] else 1)
PY
"$folder/venv/bin/python" "$folder/look.py" "$folder/tokenizer.json"
