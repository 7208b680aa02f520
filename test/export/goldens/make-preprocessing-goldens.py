"""Writes preprocessing-goldens.json: layers that prepare numbers, categories and images, and what Keras computes.

    python make-preprocessing-goldens.py [keras2]

Like make-operation-goldens.py: whole files of Keras 3 (`.keras`) or, with the argument, of tf_keras (`.h5`).

Made with Keras 3.15.1 and tf_keras 2.21 on TensorFlow 2.21 (CPU).
"""

import json
import os
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
GENERATION = 2 if sys.argv[1:] == ["keras2"] else 3

import numpy as np
import tensorflow as tf
from golden_values import as_file, numbers, packed, values

if GENERATION == 2:
    import tf_keras as keras
else:
    import keras

L = keras.layers
NAME = "preprocessing-goldens.json" if GENERATION == 3 else "keras2-preprocessing-goldens.json"
OUTPUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), NAME)
CASES = {}


def texts(array):
    array = np.asarray(array)
    flat = [v.decode() if isinstance(v, bytes) else v for v in array.ravel().tolist()]
    return {"shape": list(array.shape), "data": flat}


def as_values(array):
    array = np.asarray(array)
    return texts(array) if array.dtype.kind in "OSU" else values(array)


def case(name, shape, dtype, data, *layers):
    """A model with one input and an output for each layer."""
    x = keras.Input(shape, dtype=dtype, name="x")
    model = keras.Model(x, [layer(x) for layer in layers])
    produced = model(tf.constant(data), training=False)
    produced = produced if isinstance(produced, (list, tuple)) else [produced]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.keras" if GENERATION == 3 else "model.h5")
        model.save(path)
        if GENERATION == 3:
            packed(path)
        file = as_file(path)
    CASES[name] = {
        "file": file,
        "inputs": {"x": as_values(data)},
        "outputs": [as_values(y) for y in produced],
        "dtypes": ["string" if np.asarray(y).dtype.kind in "OSU" else str(np.asarray(y).dtype) for y in produced],
    }


def adapted(layer, data):
    layer.adapt(data)
    return layer


ids = np.array([[3, 0, 2], [1, 1, 4]], "int64")
column = np.array([[3], [1]], "int64")
case("category encoding", (3,), "int64", ids, L.CategoryEncoding(5), L.CategoryEncoding(6, output_mode="count"))
case("category encoding of one", (1,), "int32", column.astype("int32"), L.CategoryEncoding(5, output_mode="one_hot"), L.CategoryEncoding(5))
numbers_in = numbers(np.random.default_rng(5), (2, 4))
bounds = [-1.0, -0.25, 0.5, 1.25]
case("discretization", (4,), "float32", numbers_in, L.Discretization(bounds), L.Discretization(bounds, output_mode="multi_hot"),
     L.Discretization(bounds, output_mode="count"), *([adapted(L.Discretization(num_bins=3), numbers_in.ravel())] if GENERATION == 3 else []))
case("discretization of one", (1,), "float32", numbers_in[:, :1], L.Discretization(bounds, output_mode="one_hot"))
words = np.array([["cat", "dog", ""], ["bird", "cat", "fish"]])
vocabulary = ["dog", "cat", "fish"]
case("string lookup", (3,), "string", words, L.StringLookup(vocabulary=vocabulary), L.StringLookup(vocabulary=vocabulary, mask_token=""),
     L.StringLookup(vocabulary=vocabulary, output_mode="multi_hot"), L.StringLookup(vocabulary=vocabulary, output_mode="count", mask_token=""),
     L.StringLookup(vocabulary=vocabulary, output_mode="multi_hot", max_tokens=7, pad_to_max_tokens=True),
     L.StringLookup(vocabulary=vocabulary, output_mode="tf_idf", idf_weights=[0.5, 0.75, 1.5]),
     *([adapted(L.StringLookup(mask_token=""), words[words != ""]), adapted(L.StringLookup(output_mode="count"), words[words != ""])] if GENERATION == 3 else []))
case("string lookup of one", (1,), "string", words[:, :1], L.StringLookup(vocabulary=vocabulary, output_mode="one_hot"))
case("string lookup inverse", (3,), "int64", ids, L.StringLookup(vocabulary=vocabulary, invert=True), L.StringLookup(vocabulary=vocabulary, mask_token="", invert=True))
keys = np.array([[12, 36, -4], [7, 1138, 0]], "int64")
kept = [12, 36, 1138]
case("integer lookup", (3,), "int64", keys, L.IntegerLookup(vocabulary=kept), L.IntegerLookup(vocabulary=kept, mask_token=0), L.IntegerLookup(vocabulary=kept, num_oov_indices=3),
     L.IntegerLookup(vocabulary=kept, output_mode="multi_hot"), L.IntegerLookup(vocabulary=kept, output_mode="count", num_oov_indices=2),
     *([adapted(L.IntegerLookup(), keys.ravel())] if GENERATION == 3 else []))
case("integer lookup inverse", (3,), "int64", ids, L.IntegerLookup(vocabulary=kept, invert=True), L.IntegerLookup(vocabulary=kept, mask_token=0, invert=True))
image = numbers(np.random.default_rng(6), (2, 7, 6, 3), 0, 200)
crops = [L.CenterCrop(4, 3), L.CenterCrop(7, 5), L.Rescaling(0.5, offset=-1.0), L.Resizing(4, 9), L.Resizing(5, 4, interpolation="nearest")]
crops += [L.Resizing(4, 6, crop_to_aspect_ratio=True), L.Resizing(9, 4, crop_to_aspect_ratio=True)]
if GENERATION == 3:
    crops += [L.AutoContrast(value_range=(0, 12)), L.Solarization(), L.RandomGrayscale(), L.Resizing(8, 5, pad_to_aspect_ratio=True), L.Resizing(5, 9, pad_to_aspect_ratio=True, fill_value=1.5)]
case("images", (7, 6, 3), "float32", image, *crops)
with open(OUTPUT, "w") as file:
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(c, separators=(',', ':'))}" for name, c in CASES.items())
    file.write(f'{{"framework": "Keras {keras.__version__}, TensorFlow {tf.__version__}", "cases": {{\n{lines}\n}}}}\n')
print(len(CASES), "cases,", os.path.getsize(OUTPUT), "bytes")
