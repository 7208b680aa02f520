"""What the scripts beside it share: seeded numbers, and models and arrays as JSON."""

import base64
import gzip
import io
import json
import os
import tempfile
import zipfile

import h5py
import numpy as np

# Training-time settings, which the reader ignores.
TRAINING_ONLY = ("_initializer", "_regularizer", "_constraint")


def numbers(random, shape, low=-24, high=25):
    return (random.integers(low, high, size=shape) / 16).astype("float32")


def stripped(node):
    if isinstance(node, dict):
        dropped = ("build_config", "compile_config")
        return {k: stripped(v) for k, v in node.items() if k not in dropped and not k.endswith(TRAINING_ONLY)}
    return [stripped(item) for item in node] if isinstance(node, list) else node


def values(array):
    flat = np.asarray(array).ravel().tolist()
    return {"shape": list(np.shape(array)), "data": [int(v) if v == int(v) else float(f"{v:.8g}") for v in flat]}


def stored_weights(model, form):
    """Every stored variable under its path in the `.keras` file, as `form` writes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.keras")
        model.save(path)
        with zipfile.ZipFile(path) as archive:
            stored = h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r")
    found = {}

    def visit(name, item):
        ignored = name.startswith("optimizer") or "seed_generator" in name
        if isinstance(item, h5py.Dataset) and not ignored and item.dtype.kind == "f":
            found[name] = form(item[()])

    stored.visititems(visit)
    return found


def as_file(path):
    """A model file as text: gzip in base 64, without the time of writing."""
    with open(path, "rb") as file:
        return base64.b64encode(gzip.compress(file.read(), mtime=0)).decode()


def packed(path):
    """The archive again, compressed and without the date of saving."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(members["metadata.json"])
    members["metadata.json"] = json.dumps({**metadata, "date_saved": "2026-01-01@00:00:00"}).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name), members[name], zipfile.ZIP_DEFLATED)
