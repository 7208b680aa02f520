"""Writes operation-goldens.json: operations on tensors in functional models, and what Keras computes for them.

    python make-operation-goldens.py [keras2] [more]

Without an argument the models are Keras 3's and their files `.keras`; with keras2 they are tf_keras's, and `.h5`. With
`more` they are those of the files more-*.json: rarer operations, and layers of every option. All go into the file whole, so that its readers read them. Each model has many outputs, one for each use of an operation.

Made with Keras 3.15.1 and tf_keras 2.21 on TensorFlow 2.21 (CPU).
"""

import json
import os
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
GENERATION = 2 if "keras2" in sys.argv else 3
MORE = "more" in sys.argv

import numpy as np
import tensorflow as tf
from golden_values import as_file, numbers, packed, values

if GENERATION == 2:
    import tf_keras as keras
else:
    import keras
    from keras import ops

NAME = ("more-" if MORE else "") + ("" if GENERATION == 3 else "keras2-") + "operation-goldens.json"
OUTPUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), NAME)
CASES = {}


def randomise(model, random):
    for variable in model.weights:
        if "seed" in variable.name or variable.name.startswith(("mean", "variance", "count")):
            continue
        shape = tuple(variable.shape)
        positive = "variance" in variable.name
        variable.assign(numbers(random, shape, 4, 40) if positive else numbers(random, shape, -12, 13))


def case(name, inputs, outputs, data=None, low=-24, high=25, suffix=".keras" if GENERATION == 3 else ".h5"):
    """A model of the given inputs and outputs, with data of batch 2."""
    model = keras.Model(inputs, outputs)
    random = np.random.default_rng(sum(name.encode()))
    randomise(model, random)
    given = data or [numbers(random, (2, *x.shape[1:]), low, high) for x in inputs]
    produced = model(given if len(given) > 1 else given[0], training=False)
    produced = produced if isinstance(produced, (list, tuple)) else [produced]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model" + suffix)
        model.save(path)
        if suffix == ".keras":
            packed(path)
        file = as_file(path)
    CASES[name] = {
        "file": file,
        "inputs": {x.name.split(":")[0]: values(given) for x, given in zip(inputs, given)},
        "outputs": [values(y) for y in produced],
        "dtypes": [str(np.asarray(y).dtype) for y in produced],
    }


def tensor(name, shape, **options):
    return keras.Input(shape, name=name, **options)


def keras3():
    x, y = tensor("x", (5, 4)), tensor("y", (5, 4))
    c = np.array([0.5, -1.25, 2.0, 3.5], "float32")
    column = np.array([[1.0], [2.0], [-0.5], [0.25], [3.0]], "float32")
    case("arithmetic", [x, y], [
        x + 3.0, 3.0 - x, x * y, x / (y * y + 0.25), 1.0 / (x + 2.5), x - c, ops.subtract(c, x), x * column, -x, abs(x), x**2, x // 0.75,
        x % 0.75, x % -0.75, ops.maximum(x, y), ops.minimum(x, 0.5), ops.maximum(0.25, y), ops.add(x, y) + ops.ones((4,)),
        ops.divide_no_nan(x, ops.relu(y)), ops.power(ops.abs(x), 1.5), ops.square(x), x + y + x])
    case("comparisons", [x, y], [ops.where(x > y, x, y), ops.where(x >= 0.5, x, 0.1), ops.where(x < 0, 1.0, 2.0), ops.cast(x <= y, "float32"),
        ops.cast(ops.equal(x, y), "int32"), ops.cast(ops.not_equal(ops.sign(x), ops.sign(y)), "float32"), ops.logical_and(x > 0, y > 0),
        ops.logical_or(x > 0, y > 0), ops.logical_xor(x > 0, y > 0), ops.logical_not(x > 0), x != y])
    p = tensor("p", (5, 4))
    case("functions", [x, p], [ops.exp(x), ops.log(p), ops.sqrt(p), ops.rsqrt(p), ops.log1p(p), ops.expm1(x), ops.sin(x), ops.cos(x), ops.tan(x),
        ops.sinh(x), ops.cosh(x), ops.tanh(x), ops.arctan(x), ops.arcsinh(x), ops.erf(x), ops.floor(x), ops.ceil(x), ops.round(x), ops.sign(x),
        ops.reciprocal(p), ops.clip(x, -0.5, 0.75), ops.log2(p), ops.log10(p), ops.exp2(x), ops.isnan(x), ops.isinf(x), ops.zeros_like(x),
        ops.ones_like(x), ops.cast(x, "int32"), ops.arctanh(x / 2), ops.arccosh(p + 1), ops.arcsin(x / 2), ops.arccos(x / 2)],
        data=[numbers(np.random.default_rng(1), (2, 5, 4), -24, 25), numbers(np.random.default_rng(2), (2, 5, 4), 1, 40)])
    case("activations", [x, y], [ops.relu(x), ops.relu6(x * 4), ops.sigmoid(x), ops.softplus(x), ops.softsign(x), ops.silu(x), ops.log_sigmoid(x),
        ops.leaky_relu(x), ops.leaky_relu(x, 0.3), ops.hard_sigmoid(x), ops.hard_silu(x), ops.elu(x, 0.5), ops.selu(x), ops.celu(x, 0.5),
        ops.gelu(x), ops.gelu(x, approximate=False), ops.softmax(x), ops.softmax(x, axis=1), ops.log_softmax(x, axis=1), ops.squareplus(x),
        ops.tanh_shrink(x), ops.soft_shrink(x, 0.25), ops.hard_shrink(x, 0.25), ops.hard_tanh(x), ops.sparse_plus(x), ops.sparse_sigmoid(x),
        ops.glu(x), ops.threshold(x, 0.5, -1.0)])
    i = tensor("i", (6, 5, 3))
    case("reductions", [x, i], [ops.mean(x, axis=1), ops.mean(x, axis=(1, 2), keepdims=True), ops.sum(x, axis=-1), ops.max(x, axis=1),
        ops.min(x, axis=2, keepdims=True), ops.prod(x, axis=1), ops.var(x, axis=1), ops.std(x, axis=-1, keepdims=True), ops.logsumexp(x, axis=1),
        ops.any(x > 1, axis=1), ops.all(x > -1, axis=2), ops.argmax(x, axis=1), ops.argmin(x, axis=-1), ops.count_nonzero(x, axis=1),
        ops.norm(x, axis=1), ops.norm(x, ord=1, axis=-1, keepdims=True), ops.normalize(x, axis=1), ops.normalize(x, axis=-1, order=1),
        *ops.moments(i, axes=[1, 2]), ops.amax(i, axis=(1, 2)), ops.mean(i, axis=3), ops.sum(i, axis=1), ops.sum(x > 0.5, axis=1),
        ops.cumsum(x, axis=1), *ops.top_k(x, 2)])
    case("shapes", [x, i], [ops.reshape(x, (-1, 20)), ops.reshape(x, (-1, 2, 10)), ops.reshape(i, (-1, 15, 6)), ops.transpose(x, (0, 2, 1)),
        ops.swapaxes(i, 1, 3), ops.moveaxis(i, 3, 1), ops.expand_dims(x, -1), ops.expand_dims(x, (1, 3)), ops.squeeze(ops.expand_dims(x, 2)),
        ops.flip(i, axis=2), ops.concatenate([x, y_of(x)], axis=1), ops.concatenate([i, i * 2.0], axis=-1), ops.stack([x, x + 1.0], axis=-1),
        *ops.split(x, 2, axis=2), *ops.split(i, [1, 4], axis=1), *ops.unstack(x, axis=2), ops.pad(x, ((0, 0), (1, 2), (0, 1))),
        ops.pad(i, ((0, 0), (1, 1), (2, 1), (0, 0)), mode="reflect"), ops.pad(x, ((0, 0), (1, 1), (0, 0)), constant_values=0.5),
        ops.tile(x, (1, 2, 3)), ops.repeat(x, 3, axis=1), ops.roll(x, 2, axis=1), ops.take(x, np.array([3, 0, -1]), axis=1),
        ops.one_hot(ops.cast(ops.abs(x) * 2.0, "int32"), 4), ops.tril(x), ops.triu(x, 1), ops.copy(x), ops.stop_gradient(x)])
    case("indices", [x, i], [x[:, 1:3], x[..., None], x[:, -1], x[:, 1, 2:], i[:, ::2, 1:-1], i[..., 0], i[:, None, ..., ::-1], x[:, -3:-1],
        i[:, 2:, :, 1], x[:, 4:0:-2]])
    case("across the batch", [x], [x[::-1, :, ::2], x[1], x[0, 1], ops.stack([x, x + 1.0]), ops.mean(x, axis=0), ops.sum(x), ops.max(x),
        ops.broadcast_to(ops.mean(x, axis=0, keepdims=True), (3, 5, 4)), ops.reshape(ops.mean(x, axis=0), (-1,)), ops.transpose(x),
        ops.concatenate([x, x], axis=0), ops.ravel(x), ops.flip(x)])
    z = tensor("z", (4, 3))
    case("matrices", [x, z], [ops.matmul(x, z), x @ np.arange(8, dtype="float32").reshape(4, 2), ops.einsum("abc,acd->abd", x, z), ops.einsum("abc,abe->ace", x, x),
        ops.matmul(x, ops.transpose(x, (0, 2, 1))), ops.matmul(x, c), ops.dot(x, np.ones((4, 2), "float32")), ops.tensordot(x, np.ones((4, 2), "float32"), axes=1)])
    f = keras.layers.Conv2D(4, 2, activation="relu")(i)
    se = ops.mean(f, axis=(1, 2), keepdims=True)
    case("between convolutions", [i], [
        keras.layers.Conv2D(2, 2)(f * ops.sigmoid(se) + 0.5), keras.layers.Conv2D(2, 1)(ops.concatenate([f[:, 1:], f[:, :-1] * 2.0], axis=-1)),
        keras.layers.Conv2D(2, 2)(f * c + ops.clip(f, 0.0, 1.0)), keras.layers.Dense(3)(keras.layers.Flatten()(f) * 0.5 + 1.0),
        ops.mean(f, axis=(1, 2)) * c, ops.reshape(f, (-1, 80)), keras.layers.Dense(2)(ops.reshape(f, (-1, 80))),
        ops.argmax(f, axis=-1), ops.max(f, axis=1), ops.softmax(f, axis=1), ops.transpose(f, (0, 3, 1, 2)), ops.pad(f, ((0, 0), (1, 0), (0, 1), (0, 2)))])
    n = tensor("n", (5,), dtype="int32")
    case("integers", [n], [n + 1, n * n, n / 2, n // 2, n % 3, -n, n > 2, ops.cast(n, "float32") * 0.5, ops.maximum(n, 1), ops.sum(n, axis=1), ops.mean(n, axis=1),
        ops.where(n > 0, n, 7), ops.exp(n), n // -2, n % -3, ops.one_hot(n, 4), ops.abs(n)], data=[np.array([[-3, 0, 5, 2, 1], [4, -7, 3, 0, 2]], "int32")])
    case("whole floats and integers", [n], [n + 3.0, n * 2.0, 1e0 - n, n + 3, ops.maximum(n, 1.0), ops.maximum(n, 1), n // 2.0, n % -3.0, n / 2.0,
        ops.where(n > 0, n, 7.0), ops.where(n > 0, n, -1.0), n > 2.0, n**2.0, n + 1e3], data=[np.array([[-3, 0, 5, 2, 1], [4, -7, 3, 0, 2]], "int32")])


    case("operations of an h5 file", [x, n], [ops.cast(x > 0.0, "float32"), ops.zeros_like(x), ops.ones_like(x, dtype="int32"), ops.cumsum(x, axis=1), ops.prod(x, axis=1),
        ops.one_hot(ops.abs(n), 8), ops.sum(x, axis=1), n + 1, keras.layers.SpatialDropout1D(0.5)(x),
        keras.layers.Discretization([-1.0, 0.5])(x)], data=[numbers(np.random.default_rng(3), (2, 5, 4), -24, 25), np.array([[-3, 0, 5, 2, 1], [4, -7, 3, 0, 2]], "int32")], suffix=".h5")
    case("functions of two numbers, and of none", [x, y], [ops.arctan2(x, y), ops.arctan2(x - x, y), ops.arctan2(x, y - y), ops.logaddexp(x, y), ops.logaddexp(x * 40.0, y), ops.hypot(x, y),
        ops.trunc(x), ops.isfinite(ops.log(x)), ops.isnan(ops.log(x)), ops.nan_to_num(ops.log(x)), ops.nan_to_num(ops.divide(x, x - x), nan=0.5, posinf=2.0, neginf=-3.0), ops.diff(x, axis=1), ops.diff(x, n=2),
        ops.full_like(x, 2.5), ops.average(x, axis=1), ops.average(x, axis=-1, weights=np.array([1.0, 2.0, 0.5, 0.25], "float32"))])
    for name, swapped in ((f"masks that an attention takes off, {word}", word == "second") for word in ("first", "second")):
        a, b = tensor("a", (6,), dtype="int32"), tensor("b", (6,), dtype="int32")
        embedding = keras.layers.Embedding(7, 4, mask_zero=True)
        u, v = embedding(a), embedding(b)
        ends = [keras.layers.MultiHeadAttention(2, 3)(u, v), keras.layers.Attention()([u, v])]
        case(name, [a, b], ends[::-1] if swapped else ends, data=[np.array([[1, 2, 3, 0, 0, 0], [6, 5, 4, 3, 0, 0]], "int32"), np.array([[4, 5, 0, 0, 0, 0], [1, 2, 3, 4, 5, 0]], "int32")])


def layers_of_integers():
    n, m, i = tensor("n", (5,), dtype="int32"), tensor("m", (5,), dtype="int32"), tensor("i", (4, 3, 2), dtype="int32")
    random = np.random.default_rng(4)
    data = [random.integers(2**24, 2**25, (2, *x.shape[1:])).astype("int32") for x in (n, m, i)]
    layers = keras.layers
    case("layers of integers", [n, m, i], [layers.Add()([n, m]), layers.Subtract()([n, m]), layers.Maximum()([n, m]), layers.Minimum()([n, m]),
        layers.Multiply()([n, layers.Subtract()([n, n])]), layers.Concatenate()([n, m]), layers.Concatenate(axis=1)([i, i]), layers.UpSampling2D((2, 3))(i), layers.ZeroPadding2D(((1, 2), (0, 1)))(i),
        layers.Cropping2D(1)(layers.ZeroPadding2D(2)(i)), layers.Permute((3, 1, 2))(i), layers.Flatten()(i), layers.Reshape((6, 4))(i), layers.RepeatVector(3)(n)], data=data)


def y_of(x):
    return 1.0 - x


def application_layers():
    """Custom layers of keras.applications."""
    i = tensor("i", (6, 5, 3))
    f = keras.layers.Conv2D(4, 2)(i)
    if GENERATION == 3:
        from keras.src.applications.convnext import LayerScale, StochasticDepth
        from keras.src.applications.inception_resnet_v2 import CustomScaleLayer
    else:
        from tf_keras.src.applications.convnext import LayerScale, StochasticDepth
        from tf_keras.src.applications.inception_resnet_v2 import CustomScaleLayer
    scaled = LayerScale(0.5, 4, name="scale")(f)
    case("custom layers of applications", [i], [CustomScaleLayer(0.17, name="custom")([f, scaled]), StochasticDepth(0.5, name="depth")(scaled), LayerScale(0.5, 3, name="scale_1")(i)])


def keras2():
    x, y = tensor("x", (5, 4)), tensor("y", (5, 4))
    c = np.array([0.5, -1.25, 2.0, 3.5], "float32")
    m = tf.math
    case("arithmetic", [x, y], [
        x + 3.0, 3.0 - x, x * y, x / (y * y + 0.25), 1.0 / (x + 2.5), x - c, tf.constant(c) * x, -x, abs(x), x**2, x // 0.75, x % 0.75, x % -0.75,
        m.add(x, y), m.subtract(x, 1.0), m.multiply(x, 1 / 6), m.divide(x, 4.0), m.maximum(x, y), m.minimum(x, 0.5), m.pow(x, 3.0),
        m.squared_difference(x, y), m.add_n([x, y, x]), m.divide_no_nan(x, tf.nn.relu(y)), tf.nn.bias_add(x, c), m.floordiv(x, 0.5), m.square(x),
        tf.where(x > y, x, y), tf.where(x > 0.5, x, 0.1), tf.where(x < 0, 1.0, 2.0), x >= 0.5, x <= y, m.not_equal(x, y), m.equal(x, x),
        m.logical_and(x > 0, y > 0), m.logical_or(x > 0, y > 0), m.logical_not(x > 0)])
    p = tensor("p", (5, 4))
    case("functions", [x, p], [m.exp(x), m.log(p), m.sqrt(p), m.rsqrt(p), m.log1p(p), m.expm1(x), m.sin(x), m.cos(x), m.tanh(x), m.erf(x), m.floor(x), m.ceil(x),
        m.round(x), m.sign(x), m.reciprocal(p), tf.clip_by_value(x, -0.5, 0.75), tf.clip_by_value(x, -p, p), tf.cast(x, tf.int32), tf.zeros_like(x), tf.identity(x),
        m.abs(x), m.negative(x), tf.nn.relu(x), tf.nn.relu6(x * 4), tf.nn.sigmoid(x), tf.nn.silu(x), tf.nn.swish(x), tf.nn.softplus(x),
        tf.nn.softsign(x), tf.nn.elu(x), tf.nn.selu(x), tf.nn.leaky_relu(x), tf.nn.leaky_relu(x, alpha=0.3), tf.nn.gelu(x), tf.nn.gelu(x, approximate=True),
        tf.nn.softmax(x), tf.nn.softmax(x, axis=1), tf.nn.log_softmax(x), m.l2_normalize(x, axis=-1), tf.nn.l2_normalize(x, axis=[1, 2])],
        data=[numbers(np.random.default_rng(1), (2, 5, 4), -24, 25), numbers(np.random.default_rng(2), (2, 5, 4), 1, 40)])
    i = tensor("i", (6, 5, 3))
    case("reductions", [x, i], [m.reduce_mean(x, axis=1), m.reduce_mean(x, [1, 2], True), m.reduce_sum(x, axis=-1), m.reduce_max(x, axis=1), m.reduce_min(x, axis=2, keepdims=True),
        m.reduce_prod(x, axis=1), m.reduce_variance(i, axis=[1, 2]), m.reduce_std(x, axis=-1), m.reduce_logsumexp(x, axis=1), m.reduce_any(x > 1, axis=1),
        m.reduce_all(x > -1, axis=2), m.argmax(x, axis=1), tf.argmin(x, axis=-1), m.argmax(x, axis=-1, output_type=tf.int32), tf.norm(x, axis=1),
        m.cumsum(x, axis=1), m.cumsum(x, axis=1, exclusive=True, reverse=True), tf.nn.moments(i, axes=[1, 2])[1], keras.backend.mean(x, axis=1), keras.backend.sum(x, axis=1)])
    case("shapes", [x, i], [tf.reshape(x, [-1, 20]), tf.reshape(x, [tf.shape(x)[0], 20]), tf.reshape(x, [tf.shape(x)[0], 2, -1]), tf.reshape(i, [-1, 15, 6]),
        tf.transpose(x, [0, 2, 1]), tf.transpose(i, [0, 3, 1, 2]), tf.expand_dims(x, -1), tf.expand_dims(x, 1), tf.squeeze(tf.expand_dims(x, 2), axis=2),
        tf.reverse(i, [2]), tf.concat([x, y_of(x)], 1), tf.concat([i, i * 2.0], axis=-1), tf.stack([x, x + 1.0], axis=-1), *tf.split(x, 2, axis=2),
        *tf.split(i, [1, -1, 2], axis=1), *tf.unstack(x, axis=2), tf.pad(x, [[0, 0], [1, 2], [0, 1]]), tf.pad(i, [[0, 0], [1, 1], [2, 1], [0, 0]], mode="REFLECT"),
        tf.pad(x, [[0, 0], [1, 1], [0, 0]], constant_values=0.5), tf.tile(x, [1, 2, 3]), tf.repeat(x, 3, axis=1), tf.roll(x, 2, axis=1), tf.gather(x, [3, 0, 1], axis=1),
        tf.one_hot(tf.cast(m.abs(x) * 2.0, tf.int32), 4), tf.stop_gradient(x), tf.matmul(x, x, transpose_b=True), x @ np.arange(8, dtype="float32").reshape(4, 2),
        tf.linalg.matmul(tf.transpose(x, [0, 2, 1]), x), keras.backend.reshape(x, (-1, 4, 5)), keras.backend.concatenate([x, x])])
    case("indices", [x, i], [x[:, 1:3], x[..., None], x[:, -1], x[:, 1, 2:], i[:, ::2, 1:-1], i[..., 0], i[:, None, ..., ::-1], x[:, -3:-1], i[:, 2:, :, 1]])
    case("finite numbers and angles", [x, y], [m.is_finite(m.log(x)), tf.ones_like(x, dtype=tf.int32), tf.zeros_like(m.log(x)), m.atan2(x, y)])
    f = keras.layers.Conv2D(4, 2, activation="relu")(i)
    se = m.reduce_mean(f, axis=(1, 2), keepdims=True)
    case("between convolutions", [i], [
        keras.layers.Conv2D(2, 2)(f * tf.nn.sigmoid(se) + 0.5), keras.layers.Conv2D(2, 2)(f * (tf.nn.relu6(f + 3.0) * (1.0 / 6.0))),
        keras.layers.Conv2D(2, 1)(tf.concat([f[:, 1:], f[:, :-1] * 2.0], axis=-1)), keras.layers.Dense(3)(keras.layers.Flatten()(f) * 0.5),
        tf.image.resize(f, (10, 7)), tf.nn.space_to_depth(tf.pad(f, [[0, 0], [1, 0], [0, 0], [0, 0]]), 2), tf.nn.depth_to_space(f, 2),
        tf.nn.max_pool2d(f, 2, 2, "SAME"), tf.nn.avg_pool2d(f, 3, 1, "VALID")])


def graph_nodes():
    """TensorFlowOpLayers, as TensorFlow 2.0 to 2.3 made of operations on tensors."""
    from tf_keras.src.engine.base_layer import TensorFlowOpLayer

    x, y = tensor("x", (5, 4)), tensor("y", (5, 4))
    count = iter(range(100))

    def node(op, inputs, constants=None, **attributes):
        name = f"{op}_{next(count)}"
        total = len(inputs) + len(constants or {})
        attr = {key: {"type": "DT_FLOAT"} if value is float else {"type": "DT_INT32"} if value is int else value for key, value in attributes.items()}
        definition = {"name": name, "op": op, "input": [f"i{i}" for i in range(total)], "attr": attr}
        layer = TensorFlowOpLayer(node_def=definition, name=name, constants=constants)
        return layer(inputs if len(inputs) > 1 else inputs[0])

    f, i = np.float32, np.int32
    reduced = {"T": float, "Tidx": int, "keep_dims": {"b": False}}
    masks = {"T": float, "Index": int}
    case("nodes of a graph", [x, y], [
        node("AddV2", [x], {1: f(3.0)}, T=float), node("Sub", [x], {0: f(3.0)}, T=float), node("Mul", [x, y], T=float), node("RealDiv", [x], {1: f([1, 2, 4, 8])}, T=float),
        node("Relu", [x], T=float), node("LeakyRelu", [x], T=float, alpha={"f": 0.25}), node("Mean", [x], {1: i([1])}, **reduced), node("Max", [x], {1: i([2])}, **{**reduced, "keep_dims": {"b": True}}),
        node("ConcatV2", [x, y], {2: i(-1)}, T=float, N={"i": "2"}, Tidx=int), node("Pack", [x, y], T=float, N={"i": "2"}, axis={"i": "1"}),
        *node("Split", [x], {0: i(2)}, T=float, num_split={"i": "2"}), node("Reshape", [x], {1: i([-1, 20])}, T=float, Tshape=int), node("Transpose", [x], {1: i([0, 2, 1])}, T=float, Tperm=int),
        node("ExpandDims", [x], {1: i(1)}, T=float, Tdim=int), node("Pad", [x], {1: i([[0, 0], [1, 2], [0, 0]])}, T=float, Tpaddings=int), node("Cast", [x], SrcT=float, DstT=int),
        node("BatchMatMulV2", [x, y], T=float, adj_x={"b": False}, adj_y={"b": True}), node("SquaredDifference", [x, y], T=float), node("Sigmoid", [x], T=float),
        node("StridedSlice", [x], {1: i([0, 1]), 2: i([0, 4]), 3: i([1, 2])}, **masks, begin_mask={"i": "1"}, end_mask={"i": "1"}, ellipsis_mask={"i": "0"}, new_axis_mask={"i": "0"}, shrink_axis_mask={"i": "0"}),
        node("StridedSlice", [x], {1: i([0, -1]), 2: i([0, 0]), 3: i([1, 1])}, **masks, begin_mask={"i": "1"}, end_mask={"i": "1"}, ellipsis_mask={"i": "0"}, new_axis_mask={"i": "0"}, shrink_axis_mask={"i": "2"})])


def more_operations():
    x, y = tensor("x", (5, 4)), tensor("y", (5, 4))
    large, none = ops.exp(x * 1000.0), ops.log(ops.relu(y))
    shown = lambda z: [ops.nan_to_num(z, nan=77.0, posinf=7.0, neginf=-7.0)]
    case("arithmetic of infinities", [x, y], [
        *shown(ops.logaddexp(large, none)), *shown(ops.logaddexp(none, none)), *shown(ops.logaddexp(large, large)), *shown(ops.logaddexp(none, -large)),
        ops.arctan2(large, x), ops.arctan2(x, large), ops.arctan2(-large, x), ops.arctan2(x, -large), ops.arctan2(large, large), ops.arctan2(large, -large),
        ops.arctan2(-large, none), *shown(ops.hypot(x * 1e25, y * 1e25) * 1e-25), *shown(ops.hypot(x * 1e-30, y * 1e-30) * 1e30), *shown(ops.hypot(large, y)),
        ops.hypot(x - x, y - y)])
    q, k, v = tensor("q", (5, 4, 3)), tensor("k", (6, 2, 3)), tensor("v", (6, 2, 7))
    bias = numbers(np.random.default_rng(6), (4, 5, 6))[None]
    case("attention", [q, k, v], [ops.dot_product_attention(q, k, v), ops.dot_product_attention(q, k, v, is_causal=True, scale=0.5), ops.dot_product_attention(q, k, v, bias=bias, mask=bias > -1.0)])
    case("order", [x, y], [ops.sort(x, axis=1), ops.sort(x), ops.argsort(x, axis=-1), ops.median(x, axis=1), ops.median(x, axis=2, keepdims=True), ops.quantile(x, 0.3, axis=1), ops.cumprod(x, axis=1),
        ops.cumprod(x, axis=-1), ops.select([x > 0.5, y > 0.0], [x, y * 2.0], default=-1.0), ops.select([x > y], [x * 0.5])])
    i = tensor("i", (8, 7, 3))
    at = lambda seed, *shape: numbers(np.random.default_rng(seed), shape)
    scale, shift, mean, variance = at(1, 3), at(2, 3), at(3, 3), np.array([0.5, 2.0, 1.25], "float32")
    case("weights as arguments", [i], [
        ops.conv(i, at(1, 2, 3, 3, 5)), ops.conv(i, at(2, 3, 2, 3, 4), strides=(2, 1), padding="same"), ops.conv(i, at(3, 2, 2, 3, 6), dilation_rate=2),
        ops.depthwise_conv(i, at(4, 2, 3, 3, 2), padding="same"), ops.separable_conv(i, at(5, 3, 2, 3, 2), at(6, 1, 1, 6, 4), strides=2),
        ops.batch_normalization(i, mean, variance, axis=-1, offset=shift, scale=scale), ops.batch_normalization(i, at(9, 8), at(10, 8) ** 2, axis=1, epsilon=0.5),
        ops.layer_normalization(i, scale, shift), ops.layer_normalization(i, at(11, 8, 7), at(12, 8, 7), axis=[1, 2], epsilon=0.25),
        ops.rms_normalization(i, scale), ops.rms_normalization(i, epsilon=0.5), ops.rms_normalization(i, axis=1)])
    s = tensor("s", (9, 3))
    case("weights as arguments of sequences", [s], [ops.conv(s, at(1, 2, 3, 5), strides=2), ops.depthwise_conv(s, at(2, 3, 3, 2)), ops.separable_conv(s, at(3, 2, 3, 1), at(4, 1, 3, 4))])
    case("images", [i], [ops.image.rgb_to_grayscale(i), ops.image.extract_patches(i, (3, 2)), ops.image.extract_patches(i, 2, strides=(1, 2), padding="same"),
        ops.image.resize(i, (5, 9), interpolation="bicubic"), keras.layers.Conv2D(2, 1)(ops.image.extract_patches(i, 2, dilation_rate=2, strides=1))])


def more_layers():
    L = keras.layers
    i, j = tensor("i", (9, 7, 3)), tensor("j", (5, 8, 3))
    kinds = ("bicubic", "lanczos3", "lanczos5") + (("area", "gaussian", "mitchellcubic") if GENERATION == 2 else ())
    resized = [L.Resizing(h, w, interpolation=kind)(i) for kind in kinds for h, w in ((4, 11), (13, 5))]
    if GENERATION == 3:
        resized += [L.Resizing(h, w, interpolation=kind, antialias=True)(i) for kind in ("bilinear", "bicubic", "lanczos3", "nearest") for h, w in ((4, 11), (13, 3))]
    case("interpolations", [i], [*resized, L.Resizing(4, 5, interpolation="bicubic", crop_to_aspect_ratio=True)(i)])
    case("crops of images that are smaller", [i, j], [L.CenterCrop(12, 9)(i), L.CenterCrop(12, 5)(i), L.CenterCrop(6, 5)(j), L.CenterCrop(4, 11)(j)])
    a, b = tensor("a", (4, 5, 3)), tensor("b", (3, 2, 5))
    u = tensor("u", (5,))
    case("products of tensors of rank 4", [a, b, u], [L.Dot((3, 1))([a, b]), L.Dot((2, 3), normalize=True)([a, b]), L.Dot((2, 1))([a, u]), L.Dot((1, 3))([u, b])])
    g = tensor("g", (5, 6, 4))
    case("groups along a middle axis", [g], [L.GroupNormalization(3, axis=2)(g), L.GroupNormalization(2, axis=2, scale=False)(L.Conv2D(4, (2, 1))(g)), L.GroupNormalization(-1, axis=-2)(g)])
    recurrent()
    if GENERATION == 2:
        q, v, m, n, h = tensor("q", (5, 4)), tensor("v", (7, 6)), tensor("m", (5, 7)), tensor("n", (5, 7), dtype="int32"), tensor("h", (2, 5, 7))
        M, random = L.MultiHeadAttention, np.random.default_rng(8)
        soft = [L.Activation("linear")(M(2, 3)(q, v, attention_mask=m)), M(2, 3)(q, v, attention_mask=n), M(2, 3, value_dim=2)(q, v, attention_mask=h, return_attention_scores=True)[1],
            M(2, 3)(q, v, attention_mask=m, use_causal_mask=True)]
        case("masks of numbers", [q, v, m, n, h], soft, data=[numbers(random, (2, 5, 4)), numbers(random, (2, 7, 6)), (numbers(random, (2, 5, 7)) > -1).astype("float32") * np.array([1.0, 0.5, 2.0, 1, 1, 1, 1], "float32"),
            random.integers(-1, 3, (2, 5, 7)).astype("int32"), random.integers(0, 2, (2, 2, 5, 7)).astype("float32")])
    else:
        q, v, m = tensor("q", (5, 4)), tensor("v", (7, 6)), tensor("m", (5, 7))
        random = np.random.default_rng(8)
        mask = (numbers(random, (2, 5, 7)) > -0.5).astype("float32") * np.array([1.0, 0.5, 2.0, 1, -1, 1, 1], "float32")
        case("masks of numbers", [q, v, m], [L.MultiHeadAttention(2, 3)(q, v, attention_mask=m)], data=[numbers(random, (2, 5, 4)), numbers(random, (2, 7, 6)), mask])


def recurrent():
    """Activations that ONNX's recurrent operators have not, and wrappers of what they do not run."""
    L = keras.layers
    s, e = tensor("s", (5, 3)), tensor("e", (5,))
    ids = np.array([[1, 4, 0, 3, 5], [0, 2, 6, 0, 0]], "float32")
    random = np.random.default_rng(9)
    masked = L.Embedding(7, 3, mask_zero=True)(e)
    names = ("selu", "gelu", "swish", "mish") if GENERATION == 2 else ("selu", "gelu", "silu", "relu6", "mish", "hard_silu", "log_sigmoid")
    case("recurrent activations", [s], [
        *[L.SimpleRNN(2, activation=name, kernel_initializer="zeros")(s) for name in names],
        *L.LSTM(2, activation="selu", recurrent_activation="gelu", return_sequences=True, return_state=True)(s),
        *L.GRU(2, activation="gelu", go_backwards=True, return_sequences=True, return_state=True)(s), L.GRU(3, activation="selu", reset_after=False)(s),
        L.LSTM(3, activation="swish", use_bias=False, go_backwards=True)(s), L.GRU(2, recurrent_activation="selu", use_bias=False)(s),
        L.Bidirectional(L.LSTM(2, activation="gelu", return_sequences=True))(s), L.Bidirectional(L.GRU(2, activation="selu"), merge_mode="ave")(s)])
    h, c = tensor("h", (2,)), tensor("c", (2,))
    case("recurrent activations over states", [s, h, c], [L.LSTM(2, activation="selu")(s, initial_state=[h, c]), L.GRU(2, activation="gelu", return_sequences=True)(s, initial_state=h)])
    case("recurrent activations over masks", [e], [L.LSTM(2, activation="gelu")(masked), L.GRU(2, activation="selu", return_sequences=True)(masked),
        *L.SimpleRNN(2, activation="gelu", go_backwards=True, return_sequences=True, return_state=True)(masked), L.Bidirectional(L.LSTM(2, activation="selu", return_sequences=True))(masked)], data=[ids])
    cells = lambda: [L.LSTMCell(2), L.GRUCell(3)]
    ends = [L.RNN(cells(), go_backwards=True)(masked), L.RNN(cells(), go_backwards=True, return_sequences=True)(masked)]
    case("cells backwards over a mask", [e], ends, data=[ids])
    t = tensor("t", (3, 5, 4, 2))
    case("both directions of images", [t], [L.Bidirectional(L.ConvLSTM2D(2, 2, return_sequences=True))(t), L.Bidirectional(L.ConvLSTM2D(3, 2), merge_mode="sum")(t)])
    case("both directions of cells", [s], [L.Bidirectional(L.RNN(L.LSTMCell(2), return_sequences=True))(s), L.Bidirectional(L.RNN(cells(), return_sequences=True))(s)])


if MORE:
    if GENERATION == 3:
        more_operations()
    more_layers()
else:
    (keras3 if GENERATION == 3 else keras2)()
    layers_of_integers()
    application_layers()
    if GENERATION == 2:
        graph_nodes()
with open(OUTPUT, "w") as file:
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(c, separators=(',', ':'))}" for name, c in CASES.items())
    file.write(f'{{"framework": "Keras {keras.__version__}, TensorFlow {tf.__version__}", "cases": {{\n{lines}\n}}}}\n')
print(len(CASES), "cases,", os.path.getsize(OUTPUT), "bytes")
