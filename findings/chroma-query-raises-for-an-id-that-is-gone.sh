#!/usr/bin/env bash
# One would guess that Collection.query(ids=[...]) searches among those of the ids that the collection holds, as
# Collection.get(ids=[...]) and Collection.delete(ids=[...]) pass over unknown ones.
# True: one id that it does not hold (any more) makes the whole query raise an InternalError, "Error finding id", so a
# search among some ids fails when another process deletes one of them meanwhile.
# Seen with chromadb 1.5.9 (embedded client).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet chromadb==1.5.9
cat >"$folder/look.py" <<'PY'
import sys
from importlib.metadata import version

import chromadb
from chromadb.config import Settings

client = chromadb.PersistentClient(sys.argv[1], settings=Settings(anonymized_telemetry=False))
collection = client.create_collection("passages", embedding_function=None)
collection.add(ids=["1", "2", "3"], embeddings=[[1.0, 0.0], [0.0, 1.0], [0.7, 0.7]])
collection.delete(ids=["2"])
wanted = ["1", "2"]
print("chromadb", version("chromadb"))
print("get:", collection.get(ids=wanted, include=[])["ids"])
collection.delete(ids=["2", "9"])
print("delete: passes over unknown ids")
there = collection.query(query_embeddings=[[1.0, 0.0]], n_results=1, ids=["1", "3"], include=[])["ids"]
print("query, all there:", there)
try:
    print("query, one gone:", collection.query(query_embeddings=[[1.0, 0.0]], n_results=1, ids=wanted, include=[])["ids"])
except Exception as error:
    print("query, one gone:", type(error).__name__, error)
    sys.exit(0 if "Error finding id" in str(error) and there == [["1"]] else 1)
sys.exit(1)
PY
"$folder/venv/bin/python" "$folder/look.py" "$folder/store"
