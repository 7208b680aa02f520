"""Writes TF.js graph models and what TensorFlow computes for them: one JSON file each, beside this script.

    python make_graph_models.py path/to/tensorflowjs-4.22.0-py3-none-any.whl

Models are made with Keras 3 or as functions, saved as SavedModels and converted by the real TF.js converter, whose
wheel is unpacked but not installed: installing it pulls in packages that no longer go together, none of which the
conversion of a SavedModel runs. Two of them it imports all the same; empty modules stand in for those.
"""

import base64
import importlib
import json
import os
import sys
import tempfile
import types
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras
import numpy as np
import tensorflow as tf
from keras import layers

HERE = os.path.dirname(os.path.abspath(__file__))
BATCHES = (1, 7)


def converter(wheel):
    folder = tempfile.mkdtemp()
    zipfile.ZipFile(wheel).extractall(folder)
    for absent in ("tensorflow_decision_forests", "tensorflow_hub"):
        sys.modules[absent] = types.ModuleType(absent)
    for package in ("tensorflowjs", "tensorflowjs.converters"):
        module = types.ModuleType(package)
        module.__path__ = [os.path.join(folder, *package.split("."))]
        sys.modules[package] = module
    sys.modules["tensorflowjs"].version = importlib.import_module("tensorflowjs.version")
    return importlib.import_module("tensorflowjs.converters.tf_saved_model_conversion_v2")


def randomized(model, seed):
    """Weights from −0.5 to 0.5, variances from 0.5 to 1.5, in steps that float32 and JSON hold exactly."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        values = random.integers(-64, 65, size=weight.shape) / 128
        weight.assign(values + 1 if weight.name in ("moving_variance", "variance", "gamma") else values)
    return model


def relu6(x):
    return layers.ReLU(max_value=6)(x)


def mobilenet():
    x = inputs = keras.Input((17, 13, 3), name="image")
    x = relu6(layers.BatchNormalization()(layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)))
    y = relu6(layers.BatchNormalization()(layers.Conv2D(24, 1, use_bias=False)(x)))
    y = relu6(layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same", use_bias=False)(y)))
    y = layers.BatchNormalization()(layers.Conv2D(8, 1, use_bias=False)(y))
    x = layers.Add()([x, y])
    y = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    y = relu6(layers.BatchNormalization()(layers.DepthwiseConv2D(3, strides=2, use_bias=False)(y)))
    y = layers.GlobalAveragePooling2D()(y)
    return randomized(keras.Model(inputs, layers.Dense(5, activation="softmax", name="classes")(y)), 1)


def face_mesh():
    def prelu(x):
        return layers.PReLU(shared_axes=[1, 2])(x)

    x = inputs = keras.Input((18, 14, 3), name="face")
    x = prelu(layers.Conv2D(8, 3, strides=2, padding="same")(x))
    y = layers.Conv2D(8, 1)(layers.DepthwiseConv2D(3, padding="same")(x))
    x = prelu(layers.Add()([x, y]))
    y = layers.Conv2D(12, 1)(layers.DepthwiseConv2D(3, strides=2, padding="same")(x))
    x = layers.MaxPooling2D(padding="same")(x)
    x = prelu(layers.Add()([keras.ops.pad(x, ((0, 0), (0, 0), (0, 0), (0, 4))), y]))
    mesh = layers.Reshape((21,), name="mesh")(layers.Conv2D(21, (5, 4))(x))
    score = layers.Activation("sigmoid", name="score")(layers.Flatten()(layers.Conv2D(1, (5, 4))(x)))
    return randomized(keras.Model(inputs, [mesh, score]), 2)


def detector():
    random = np.random.default_rng(33)
    anchors = (random.integers(0, 65, size=(1, 5 * 4 * 2 + 3 * 2 * 2, 2)) / 64).astype("float32")
    x = inputs = keras.Input((20, 15, 3), name="image")
    x = layers.Conv2D(8, 5, strides=4, padding="same", activation="relu")(x)
    y = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)

    def heads(width):
        return layers.Concatenate(axis=1)([
            layers.Reshape((-1, width))(layers.Conv2D(2 * width, 1)(x)),
            layers.Reshape((-1, width))(layers.Conv2D(2 * width, 1)(y)),
        ])

    raw = heads(6)
    centers = raw[:, :, :2] / 16.0 + anchors
    sizes = keras.ops.exp(raw[..., 2:4] / 8.0)
    points = raw[:, :, 4:] * 0.5 + anchors
    low, high = centers - sizes / 2.0, centers + sizes / 2.0
    boxes = layers.Concatenate(axis=-1, name="boxes")([low, high, points])
    scores = keras.ops.squeeze(keras.ops.sigmoid(heads(1)), axis=-1)
    best = keras.ops.max(scores, axis=1, keepdims=True)
    return randomized(keras.Model(inputs, [boxes, scores, best]), 3)


class BestClass(layers.Layer):
    def call(self, x):
        return tf.math.argmax(x, axis=-1, output_type=tf.int32)


def segmentation():
    x = inputs = keras.Input((16, 12, 3), name="image")
    a = layers.Conv2D(6, 3, padding="same", activation="relu")(x)
    b = layers.AveragePooling2D(2)(a)
    b = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same", dilation_rate=2, activation="relu")(b))
    c = layers.Conv2D(8, 3, strides=2, padding="same", activation="elu")(b)
    gate = layers.Conv2D(8, 1, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(c))
    c = layers.Multiply()([c, gate])
    b = layers.Concatenate()([layers.UpSampling2D(2)(c), b])
    b = layers.Conv2DTranspose(6, 3, strides=2, padding="same", activation="relu")(b)
    logits = layers.Conv2D(4, 1)(layers.Concatenate()([a, b]))
    big = layers.Resizing(23, 17, interpolation="bilinear")(logits)
    mask = layers.Softmax(name="mask")(big)
    return randomized(keras.Model(inputs, [mask, BestClass()(big)]), 4)


def transformer():
    tokens = keras.Input((9,), dtype="int32", name="tokens")
    x = layers.Embedding(11, 8)(tokens)
    x = layers.LayerNormalization()(x + layers.Embedding(9, 8)(keras.ops.arange(9, dtype="int32")))
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    x = x + layers.Dense(8)(keras.activations.gelu(layers.Dense(16)(x), approximate=True))
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return randomized(keras.Model(tokens, layers.Dense(3, activation="softmax", name="classes")(x)), 5)


def audio():
    x = inputs = keras.Input((31, 4), name="frames")
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv1D(8, 5, strides=2, padding="same")(x)))
    x = layers.MaxPooling1D(2)(x)
    x = layers.Activation("tanh")(layers.SeparableConv1D(8, 3, padding="same")(x))
    x = layers.Flatten()(x)
    return randomized(keras.Model(inputs, layers.Dense(3, name="words")(x)), 6)


def perceptron():
    x = inputs = keras.Input((6,), name="features")
    other = keras.Input((2,), name="extra")
    x = layers.BatchNormalization()(layers.Dense(8, activation="relu")(x))
    x = layers.LeakyReLU(negative_slope=0.3)(layers.Dense(8)(layers.Concatenate()([x, other])))
    x = layers.Dense(8, activation="elu")(layers.BatchNormalization()(x))
    return randomized(keras.Model([inputs, other], layers.Dense(1, activation="sigmoid", name="risk")(x)), 7)


class Beyond(tf.Module):
    """Where TF.js computes something else than TensorFlow, or nothing at all."""

    @tf.function(input_signature=[tf.TensorSpec((None, 4, 6), tf.float32, "x"), tf.TensorSpec((None, 3), tf.int32, "places")])
    def __call__(self, x, places):
        positive = tf.reduce_sum(x, [1, 2]) > 0
        image = tf.expand_dims(x, -1)
        return {
            "floor": tf.raw_ops.FloorDiv(x=x, y=tf.constant(0.375)),
            "depth_in_front": tf.one_hot(places, 5, axis=1),
            "chosen": tf.raw_ops.Select(condition=positive, x=x, y=-x),
            "blocks": tf.raw_ops.SpaceToDepth(input=image, block_size=2),
            "mirrored": tf.pad(x, ((0, 0), (1, 1), (1, 0)), mode="SYMMETRIC"),
            "erfc": tf.raw_ops.Erfc(x=x),
            "softsign": tf.raw_ops.Softsign(features=x),
            "norm": tf.raw_ops.EuclideanNorm(input=image, axis=[1, 2, 3], keep_dims=True),
        }


def save(model, folder):
    if isinstance(model, keras.Model):
        model.export(folder, verbose=False)
    else:
        tf.saved_model.save(model, folder)


def convert(tfjs, model, **options):
    with tempfile.TemporaryDirectory() as folder:
        saved, out = os.path.join(folder, "saved"), os.path.join(folder, "out")
        save(model, saved)
        tfjs.convert_tf_saved_model(saved, out, control_flow_v2=True, **options)
        with open(os.path.join(out, "model.json"), encoding="utf8") as file:
            model_json = json.load(file)
        shards = [open(os.path.join(out, path), "rb").read() for group in model_json["weightsManifest"] for path in group["paths"]]
        signature = tf.saved_model.load(saved).signatures["serving_default"]
        return model_json, b"".join(shards), signature


def sample(name, spec, batch, random):
    shape = [batch if size is None else size for size in spec.shape]
    if spec.dtype == tf.int32:
        return random.integers(-2 if name == "places" else 0, 7, size=shape).astype("int32")
    return (random.integers(-64, 65, size=shape) / 64).astype("float32")


def values(array):
    flat = array.ravel().tolist()
    return {"shape": list(array.shape), "data": [v if isinstance(v, int) else float(f"{v:.8g}") for v in flat]}


def converted_names(outputs, signature):
    """The converter keeps the names of some outputs only; the others are called by their tensors, which are numbered."""
    tensors = ["Identity" + (f"_{i}" if i else "") + ":0" for i in range(len(outputs))]
    by_tensor = {info["name"]: key.removesuffix(":0") for key, info in signature["outputs"].items()}
    return dict(zip(sorted(outputs), (by_tensor[tensor] for tensor in tensors)))


def write(tfjs, name, model, **options):
    model_json, shard, signature = convert(tfjs, model, **options)
    random = np.random.default_rng(len(name))
    cases = []
    for batch in BATCHES:
        inputs = {key: sample(key, spec, batch, random) for key, spec in signature.structured_input_signature[1].items()}
        outputs = signature(**{key: tf.constant(value) for key, value in inputs.items()})
        names = converted_names(outputs, model_json["signature"])
        cases.append({
            "inputs": {key: values(value) for key, value in inputs.items()},
            "outputs": {names[key]: values(np.asarray(value)) for key, value in outputs.items()},
        })
    document = {"model": model_json, "shard": base64.b64encode(shard).decode(), "cases": cases}
    with open(os.path.join(HERE, f"{name}.json"), "w", encoding="utf8") as file:
        json.dump(document, file, separators=(",", ":"))
        file.write("\n")
    print(name, sorted({node["op"] for node in model_json["modelTopology"]["node"]}))


def main(wheel):
    tfjs = converter(wheel)
    for make in (mobilenet, face_mesh, detector, segmentation, transformer, audio, perceptron):
        keras.utils.clear_session()
        write(tfjs, make.__name__, make())
    write(tfjs, "beyond", Beyond(), skip_op_check=True)


main(*sys.argv[1:])
