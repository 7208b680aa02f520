"""Writes layer-goldens.json: small Keras 3 models with what Keras computes for them.

    python make-layer-goldens.py

Each case is a model as the TF.js converter writes it (a topology, and weights by path as in a `.keras` file), an
input and an output for each of the model's own. All numbers are made from seeded integers, so that they are short;
no statistic is near the identity, and no size repeats another.

Made with Keras 3.15.1 on TensorFlow 2.21 (CPU).
"""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
from golden_values import numbers, stored_weights, stripped, values
from keras import layers as L

OUTPUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "layer-goldens.json")


def randomise(model, random):
    """Weights in steps of 1/16; what is a variance or a scale stays positive."""
    for variable in {id(v): v for v in model.weights}.values():
        shape, name = variable.shape, variable.name
        # A Normalization has drawn its constants from these already.
        if name in ("mean", "variance", "count") or "seed" in name:
            continue
        if "variance" in name:
            variable.assign(numbers(random, shape, 4, 40))
        else:
            variable.assign(numbers(random, shape, -12, 13))


CASES = {}


def case(name, model, *inputs, data=None):
    random = np.random.default_rng(sum(name.encode()))
    randomise(model, random)
    given = data or [numbers(random, (2, *tensor.shape[1:])) for tensor in model.inputs]
    produced = model(given if len(given) > 1 else given[0], training=False)
    produced = produced if isinstance(produced, (list, tuple)) else [produced]
    CASES[name] = {
        "topology": {**stripped(json.loads(model.to_json())), "keras_version": keras.__version__},
        "weights": stored_weights(model, values),
        "inputs": {tensor.name: values(x) for tensor, x in zip(model.inputs, given)},
        "outputs": [values(y) for y in produced],
    }


def one(name, shape, *layers, **options):
    """A model of layers in a row."""
    case(name, keras.Sequential([keras.Input(shape, name="x"), *layers]), **options)


def convolutions():
    for strides in (1, 2, 3):
        one(f"depthwise same stride {strides}", (7, 5, 3),
            L.DepthwiseConv2D((3, 2), strides=strides, padding="same", depth_multiplier=2))
    one("depthwise valid dilated no bias", (9, 8, 2), L.DepthwiseConv2D(3, dilation_rate=(2, 1), use_bias=False))
    one("depthwise 1d same", (9, 3), L.DepthwiseConv1D(4, strides=2, padding="same", depth_multiplier=2))
    one("separable 1d", (9, 3), L.SeparableConv1D(4, 3, strides=2, padding="same", depth_multiplier=2, activation="relu"))
    one("separable 2d dilated", (9, 8, 3), L.SeparableConv2D(4, (3, 2), dilation_rate=2, padding="same"))
    one("conv 1d causal dilated", (9, 3), L.Conv1D(4, 3, dilation_rate=2, padding="causal"))
    one("conv 2d groups", (6, 5, 4), L.Conv2D(6, (2, 3), groups=2, padding="same", activation="tanh"))
    one("conv 2d even window stride 3", (11, 7, 3), L.Conv2D(2, (4, 2), strides=3, padding="same"))
    one("conv 3d", (4, 5, 3, 2), L.Conv3D(3, (2, 3, 1), strides=(2, 1, 2), padding="same"))
    for padding in ("valid", "same"):
        for kernel, strides in ((3, 2), (2, 3), ((4, 1), (2, 1)), (5, 1)):
            one(f"transposed 2d {padding} {kernel} {strides}", (4, 3, 2),
                L.Conv2DTranspose(3, kernel, strides=strides, padding=padding))
    one("transposed 2d same output padding", (4, 3, 2),
        L.Conv2DTranspose(3, 3, strides=2, padding="same", output_padding=1))
    one("transposed 2d same output padding 0", (4, 3, 2),
        L.Conv2DTranspose(3, (3, 4), strides=2, padding="same", output_padding=(0, 1)))
    one("transposed 2d valid output padding", (4, 3, 2),
        L.Conv2DTranspose(3, 3, strides=2, padding="valid", output_padding=1))
    one("transposed 1d same", (5, 2), L.Conv1DTranspose(3, 4, strides=2, padding="same", activation="elu"))
    one("transposed 1d valid", (5, 2), L.Conv1DTranspose(3, 2, strides=3, use_bias=False))
    one("transposed 3d same", (3, 2, 4, 2), L.Conv3DTranspose(2, (3, 2, 1), strides=2, padding="same"))
    one("transposed 2d dilated", (4, 5, 2), L.Conv2DTranspose(3, 3, dilation_rate=2, padding="valid"))
    one("transposed 2d dilated same", (6, 5, 2), L.Conv2DTranspose(3, (2, 3), dilation_rate=(2, 1), padding="same"))


def dense():
    one("dense of rank 3", (4, 3), L.Dense(5, activation="relu"))
    one("dense of rank 4 channels first", (5, 4, 2), L.Conv2D(3, 2), L.Dense(4, use_bias=False))
    one("dense of rank 3 channels first", (5, 2), L.Conv1D(3, 2), L.Dense(4))
    one("einsum dense", (4, 3), L.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d"))
    one("flatten dense", (5, 4, 3), L.Conv2D(2, (2, 3)), L.Flatten(), L.Dense(3))
    one("flatten 1d dense", (6, 3), L.Conv1D(2, 2), L.Flatten(), L.Dense(3, use_bias=False))
    one("flatten 3d dense", (3, 4, 3, 2), L.Conv3D(3, 2), L.Flatten(), L.Dense(2))
    one("flatten norm activation dense", (5, 4, 3), L.Conv2D(2, 2), L.Flatten(), L.BatchNormalization(),
        L.Activation("softsign"), L.Dropout(0.5), L.Dense(3))
    one("flatten prelu dense", (5, 4, 3), L.Conv2D(2, 2), L.Flatten(), L.PReLU(), L.Dense(3))
    one("flatten softmax dense", (4, 3, 3), L.Conv2D(2, 2), L.Flatten(), L.Softmax(), L.Dense(3))
    one("flatten output", (5, 4, 3), L.Conv2D(2, 2), L.Flatten())
    one("flatten activation output", (5, 4, 3), L.Conv2D(2, 2), L.Flatten(), L.Activation("tanh"))
    one("flatten channels first", (3, 4, 5), L.Flatten(data_format="channels_first"), L.Dense(2))
    one("flatten channels first output", (3, 4, 5), L.Flatten(data_format="channels_first"))
    one("flatten after conv as if channels first", (5, 4, 3), L.Conv2D(2, 2), L.Flatten(data_format="channels_first"),
        L.Dense(2))
    one("flatten glu", (5, 4, 3), L.Conv2D(2, 2), L.Flatten(), L.Activation("glu"))
    one("flatten normalization dense", (4, 3, 2), L.Conv2D(2, 2), L.Flatten(),
        L.Normalization(mean=[0.25] * 12, variance=[0.5, 2.0, 1.25] * 4), L.Dense(2))
    one("flatten one channel", (5, 4, 3), L.Conv2D(1, 2), L.Flatten(), L.Dense(3))
    one("flatten reshape conv", (5, 4, 3), L.Conv2D(2, 2), L.Flatten(), L.Reshape((4, 3, 2)), L.Conv2D(2, 2))


def normalizations():
    one("norm rank 2 no scale", (5,), L.BatchNormalization(scale=False, epsilon=0.01))
    one("norm rank 2 no center", (5,), L.BatchNormalization(center=False))
    one("norm rank 3", (4, 3), L.BatchNormalization())
    one("norm rank 4", (4, 3, 5), L.BatchNormalization(scale=False, center=False))
    one("norm rank 5", (4, 3, 2, 5), L.BatchNormalization())
    one("norm axis 1", (4, 3, 5), L.BatchNormalization(axis=1))
    one("norm axis 2", (4, 3, 5), L.BatchNormalization(axis=-2, scale=False))
    one("norm axis 2 after conv", (4, 3, 5), L.Conv2D(2, 1), L.BatchNormalization(axis=2))
    one("norm axis 1 after conv", (4, 3, 5), L.Conv2D(2, 1), L.BatchNormalization(axis=1))
    one("norm twice", (4, 3, 2), L.BatchNormalization(), L.Conv2D(3, 2), L.BatchNormalization())
    one("normalization given scalar", (4, 3), L.Normalization(axis=None, mean=0.75, variance=2.5))
    one("normalization given list", (4, 3), L.Normalization(axis=-1, mean=[1.0, -2.0, 0.5], variance=[1.0, 4.0, 0.0]))
    one("normalization inverted", (4, 3), L.Normalization(mean=[1.0, -2.0, 0.5], variance=[1.0, 4.0, 2.0], invert=True))
    adapted = L.Normalization(axis=(1, -1))
    adapted.adapt(np.random.default_rng(5).integers(-9, 9, (20, 4, 5, 3)).astype("float32") / 4)
    one("normalization adapted", (4, 5, 3), adapted, L.Conv2D(2, 2))
    one("rescaling", (4, 3, 2), L.Rescaling(1 / 127.5, offset=-1), L.Conv2D(2, 2))
    one("rescaling per channel", (4, 3, 2), L.Conv2D(2, 2), L.Rescaling([0.5, 2.0], offset=[0.25, -1.0]))


def shapes():
    one("reshape after conv", (4, 5, 3), L.Conv2D(2, 2), L.Reshape((-1, 3)))
    one("reshape to one channel", (12,), L.Reshape((4, 3, 1)), L.Conv2D(2, 2))
    one("reshape to one point", (3,), L.Reshape((1, 1, 3)), L.Conv2D(2, 1))
    one("reshape output", (12,), L.Reshape((4, 3, 1)))
    one("permute after conv", (4, 5, 3), L.Conv2D(2, 2), L.Permute((3, 1, 2)))
    one("permute after conv back", (4, 5, 3), L.Conv2D(2, 2), L.Permute((2, 1, 3)), L.Conv2D(2, 2))
    one("repeat vector", (3,), L.RepeatVector(4), L.Conv1D(2, 2))
    one("repeat flattened", (4, 3, 3), L.Conv2D(2, 2), L.Flatten(), L.RepeatVector(2))
    one("global average keepdims", (4, 5, 3), L.Conv2D(4, 2), L.GlobalAveragePooling2D(keepdims=True), L.Conv2D(2, 1))
    one("global max keepdims of input", (4, 5, 3), L.GlobalMaxPooling2D(keepdims=True))
    one("global average 1d of input", (4, 3), L.GlobalAveragePooling1D(), L.Dense(2))
    one("global max 3d after conv", (3, 4, 3, 2), L.Conv3D(3, 2), L.GlobalMaxPooling3D(), L.Dense(2))
    one("average pool same after conv", (7, 5, 2), L.Conv2D(3, 2), L.AveragePooling2D((3, 2), strides=(2, 3), padding="same"))
    one("padding then strided conv", (6, 7, 3), L.ZeroPadding2D(((0, 1), (0, 1))), L.Conv2D(2, 3, strides=2))
    one("cropping after conv", (6, 7, 3), L.Conv2D(2, 2), L.Cropping2D(((1, 0), (0, 2))))
    one("upsampling bilinear", (3, 4, 2), L.UpSampling2D((2, 3), interpolation="bilinear"))
    one("upsampling nearest", (3, 4, 2), L.UpSampling2D((3, 2)), L.Conv2D(2, 2))
    one("resizing bilinear up", (3, 4, 2), L.Resizing(7, 5))
    one("resizing bilinear down", (9, 8, 2), L.Resizing(4, 3))
    one("resizing nearest ties", (14, 26, 1), L.Resizing(23, 11, interpolation="nearest"))
    one("resizing nearest", (5, 7, 2), L.Resizing(8, 3, interpolation="nearest"))


def activations():
    names = ["relu", "relu6", "leaky_relu", "elu", "selu", "celu", "softmax", "log_softmax", "softplus", "softsign",
             "tanh", "sigmoid", "hard_sigmoid", "exponential", "silu", "swish", "hard_silu", "hard_swish", "gelu",
             "mish", "squareplus", "sparse_plus", "sparse_sigmoid", "log_sigmoid", "hard_tanh", "tanh_shrink",
             "soft_shrink", "hard_shrink", "glu", "linear"]
    # Every border of the piecewise ones, and far out on both sides.
    x = np.array([[-60, -7, -6, -4, -3, -2.5, -1, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1, 2.5, 3, 4, 6, 7, 30]], "float32")
    for name in names:
        one(f"activation {name}", (20,), L.Activation(name), data=[x])
    one("activation on channels first", (4, 3, 2), L.Conv2D(4, 2, activation="softmax"), L.Activation("glu"))
    one("activation object", (20,), L.Dense(3, activation=L.LeakyReLU(negative_slope=0.125)))
    one("leaky relu", (20,), L.LeakyReLU(), data=[x])
    one("elu alpha", (20,), L.ELU(alpha=0.5), data=[x])
    one("relu slope", (20,), L.ReLU(negative_slope=0.25), data=[x])
    one("relu max", (20,), L.ReLU(max_value=3.5), data=[x])
    one("relu threshold", (20,), L.ReLU(threshold=0.625), data=[x])
    one("relu max slope", (20,), L.ReLU(max_value=5, negative_slope=0.25), data=[x])
    one("relu all", (20,), L.ReLU(max_value=5, negative_slope=0.25, threshold=0.75), data=[x])
    one("prelu", (4, 3, 2), L.PReLU())
    one("prelu shared after conv", (4, 5, 3), L.Conv2D(2, 2), L.PReLU(shared_axes=[1, 2]))
    one("prelu one shared axis after conv", (4, 5, 3), L.Conv2D(2, 2), L.PReLU(shared_axes=[2]), L.Conv2D(2, 2))
    one("softmax axis 1 after conv", (4, 5, 3), L.Conv2D(2, 2), L.Softmax(axis=1))
    one("softmax axes after conv", (4, 5, 3), L.Conv2D(2, 2), L.Softmax(axis=(1, 2)))
    one("softmax after conv", (4, 5, 3), L.Conv2D(2, 2), L.Softmax())


def branches():
    def inputs(*shapes):
        return [keras.Input(shape, name=f"x{i}") for i, shape in enumerate(shapes)]

    def merged(name, layer, *shapes, first=None):
        xs = inputs(*shapes)
        ys = [first(xs[0]), *xs[1:]] if first else xs
        case(name, keras.Model(xs, layer(ys)))

    conv = lambda x: L.Conv2D(2, 2)(x)
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        merged(f"{name} of conv and input", getattr(L, name)(), (5, 4, 3), (4, 3, 2), first=conv)
    merged("Add of rank 2 and 4", L.Add(), (5, 4, 3), (2,), first=conv)
    merged("Multiply of ranks 4 and 3", L.Multiply(), (5, 4, 3), (3, 2), first=conv)
    merged("Multiply by one point", L.Multiply(), (5, 4, 3), (1, 1, 2), first=conv)
    merged("Average of three", L.Average(), (3,), (3,), (3,))
    for axis in (-1, 1, 2):
        shape = {-1: (4, 3, 5), 1: (2, 3, 2), 2: (4, 1, 2)}[axis]
        merged(f"Concatenate axis {axis}", L.Concatenate(axis=axis), (5, 4, 3), shape, first=conv)
    x = keras.Input((5, 4, 3), name="x")
    extra = keras.Input((4,), name="extra")
    flat = [L.Flatten()(L.Conv2D(2, 2)(x)), extra, L.Flatten()(L.Conv2D(3, 3)(x))]
    case("Concatenate flattened then dense", keras.Model([x, extra], L.Dense(3)(L.Concatenate()(flat))))
    x = keras.Input((5, 4, 3), name="x")
    flat = [L.Flatten()(L.Conv2D(2, 2)(x)), L.Flatten()(L.Conv2D(2, 2)(x))]
    case("Concatenate flattened output", keras.Model(x, L.Concatenate()(flat)))
    x = keras.Input((5, 4, 3), name="x")
    flat = [L.Flatten()(L.Conv2D(2, 2)(x)), L.Flatten()(L.Conv2D(2, 2)(x))]
    case("Add flattened then dense", keras.Model(x, L.Dense(3)(L.Add()(flat))))
    x, y = inputs((5, 4, 3), (24,))
    case("Add flattened to input", keras.Model([x, y], L.Add()([L.Flatten()(L.Conv2D(2, 2)(x)), y])))
    merged("Dot 2 2", L.Dot(axes=1), (4,), (4,))
    merged("Dot 2 2 normalized", L.Dot(axes=-1, normalize=True), (4,), (4,))
    merged("Dot 3 3", L.Dot(axes=(2, 1)), (3, 4), (4, 5))
    merged("Dot 3 3 last", L.Dot(axes=(2, 2), normalize=True), (3, 4), (5, 4))
    merged("Dot 3 3 first", L.Dot(axes=1), (4, 3), (4, 2))
    merged("Dot 2 3", L.Dot(axes=(1, 2)), (4,), (3, 4))
    merged("Dot 3 2", L.Dot(axes=(1, 1)), (4, 3), (4,))

    x = keras.Input((6, 5, 4), name="x")
    squeezed = L.Reshape((1, 1, 4))(L.GlobalAveragePooling2D()(x))
    gate = L.Dense(4, activation="sigmoid")(L.Dense(2, activation="relu")(squeezed))
    case("squeeze and excite", keras.Model(x, L.Multiply()([L.Conv2D(4, 3, padding="same")(x), gate])))

    a, b = inputs((4,), (3,))
    shared = L.Dense(3, name="shared")
    left = L.Dense(2, name="left")(shared(a))
    right = L.Dense(5, name="right", activation="softmax")(L.Concatenate()([shared(a), b]))
    case("two inputs two outputs", keras.Model([b, a], [right, left]))


def nested():
    inner_input = keras.Input((5, 4, 2))
    inner_output = L.BatchNormalization()(L.Conv2D(3, 2, activation="relu")(inner_input))
    inner = keras.Model(inner_input, inner_output, name="inner")
    x, y = keras.Input((5, 4, 2), name="x"), keras.Input((5, 4, 2), name="y")
    case("nested model called twice", keras.Model([x, y], L.Dense(2)(L.Flatten()(L.Subtract()([inner(x), inner(y)])))))

    deep = keras.Sequential([keras.Input((6,)), L.Dense(4, activation="tanh"), L.BatchNormalization()], name="deep")
    middle = keras.Sequential([keras.Input((6,)), deep, L.Dense(3)], name="middle")
    one("nested three deep", (6,), middle, L.Dense(2, name="last"))

    i = keras.Input((4,))
    two = keras.Model(i, [L.Dense(3)(i), L.Dense(2)(i)], name="two")
    x = keras.Input((4,), name="x")
    a, b = two(x)
    case("nested model with two outputs", keras.Model(x, [b, a]))

    x = keras.Input((3,), name="x")
    layer = L.Dense(3, activation="sigmoid", name="again")
    case("layer on its own output", keras.Model(x, layer(layer(x))))


def sequences():
    ids = np.array([[1, 4, 0, 3], [2, 0, 0, 6]])
    one("embedding", (4,), L.Embedding(7, 3), L.Conv1D(2, 2), data=[ids.astype("float32")])
    one("embedding mask average", (4,), L.Embedding(7, 3, mask_zero=True), L.Dropout(0.5), L.Dense(4),
        L.GlobalAveragePooling1D(), data=[ids.astype("float32")])
    one("embedding mask norm average", (4,), L.Embedding(7, 3, mask_zero=True), L.BatchNormalization(),
        L.LeakyReLU(), L.GlobalAveragePooling1D(), data=[ids.astype("float32")])
    one("embedding mask lost in conv", (4,), L.Embedding(7, 3, mask_zero=True), L.Conv1D(2, 2),
        L.GlobalAveragePooling1D(), data=[ids.astype("float32")])
    one("embedding average unmasked", (4,), L.Embedding(7, 3), L.GlobalAveragePooling1D(), data=[ids.astype("float32")])
    x = keras.Input((4,), dtype="int32", name="x")
    case("embedding of int32", keras.Model(x, L.Flatten()(L.Embedding(7, 3)(x))), data=[ids.astype("int32")])


def recurrent():
    one("lstm", (7, 3), L.LSTM(5))
    one("lstm all options", (5, 3), L.LSTM(4, activation="softsign", recurrent_activation="hard_sigmoid", use_bias=False,
        unit_forget_bias=False, return_sequences=True, go_backwards=True, unroll=True, dropout=0.3,
        recurrent_dropout=0.2, implementation=1))
    one("lstm one step", (1, 3), L.LSTM(2, return_sequences=True))
    one("lstm go backwards last", (5, 3), L.LSTM(2, go_backwards=True, recurrent_activation="sparse_sigmoid"))
    for name in ("relu", "linear", "elu", "leaky_relu", "softplus", "hard_sigmoid", "sigmoid", "tanh"):
        one(f"simple rnn {name}", (4, 3), L.SimpleRNN(2, activation=name, return_sequences=True))
        one(f"lstm {name}", (4, 3), L.LSTM(2, activation=name, recurrent_activation=name))
        one(f"gru {name}", (4, 3), L.GRU(2, activation="tanh", recurrent_activation=name))
    one("gru activation layer", (4, 3), L.GRU(2, activation=L.LeakyReLU(negative_slope=0.125)))
    one("simple rnn activation elu layer", (4, 3), L.SimpleRNN(2, activation=L.ELU(alpha=0.5)))
    one("simple rnn none no bias backwards", (4, 3), L.SimpleRNN(2, activation=None, use_bias=False, go_backwards=True))
    for after in (True, False):
        for bias in (True, False):
            one(f"gru reset after {after} bias {bias}", (5, 3), L.GRU(4, reset_after=after, use_bias=bias,
                return_sequences=True, go_backwards=bias))
    one("rnn of lstm cell", (5, 3), L.RNN(L.LSTMCell(4), return_sequences=True))
    one("rnn of gru cell", (5, 3), L.RNN(L.GRUCell(4, reset_after=False, activation="relu"), go_backwards=True))
    one("rnn of simple cell", (5, 3), L.RNN(L.SimpleRNNCell(4, use_bias=False)))
    one("lstm stack", (6, 3), L.LSTM(4, return_sequences=True), L.Dropout(0.5), L.GRU(5, return_sequences=True),
        L.SimpleRNN(2), L.Dense(3))
    one("conv lstm dense", (9, 3), L.Conv1D(4, 2), L.MaxPooling1D(2), L.LSTM(5, return_sequences=True), L.Dense(2))
    one("lstm conv", (6, 3), L.LSTM(4, return_sequences=True), L.Conv1D(2, 3))
    one("norm lstm norm gru", (5, 3), L.BatchNormalization(), L.LSTM(4, return_sequences=True), L.BatchNormalization(),
        L.GRU(2))
    one("lstm flatten", (5, 3), L.LSTM(4, return_sequences=True), L.Flatten(), L.Dense(2))
    one("reshape lstm", (4, 3, 2), L.Conv2D(3, 2), L.Reshape((3, 6)), L.LSTM(2))
    one("conv flatten repeat lstm", (4, 3, 2), L.Conv2D(3, 2), L.Flatten(), L.RepeatVector(3), L.LSTM(2))


def recurrent_states():
    def states(count, units):
        return [keras.Input((units,), name=f"s{i}") for i in range(count)]

    for name, count in (("LSTM", 2), ("GRU", 1), ("SimpleRNN", 1)):
        for sequences in (True, False):
            x, given = keras.Input((5, 3), name="x"), states(count, 4)
            layer = getattr(L, name)(4, return_sequences=sequences, return_state=True, go_backwards=sequences)
            case(f"{name} states in and out {sequences}", keras.Model([x, *given], layer(x, initial_state=given)))
    x = keras.Input((5, 3), name="x")
    _, *encoded = L.LSTM(4, return_state=True)(x)
    target = keras.Input((7, 2), name="target")
    y = L.LSTM(4, return_sequences=True)(target, initial_state=encoded)
    case("encoder and decoder", keras.Model([x, target], L.Dense(3, activation="softmax")(y)))
    for name, count in (("LSTM", 4), ("GRU", 2)):
        for sequences in (True, False):
            for merge in ("concat", None):
                x, given = keras.Input((5, 3), name="x"), states(count, 4)
                layer = L.Bidirectional(getattr(L, name)(4, return_sequences=sequences, return_state=True), merge_mode=merge)
                case(f"bidirectional {name} states {sequences} {merge}",
                     keras.Model([x, *given], layer(x, initial_state=given)))
    x = keras.Input((5, 3), name="x")
    shared = L.GRU(3, return_sequences=True)
    case("gru called twice", keras.Model(x, shared(shared(x))))


def wrappers():
    for merge in ("concat", "sum", "ave", "mul", None):
        for sequences in (True, False):
            one_or_two(f"bidirectional {merge} {sequences}", (5, 3), L.Bidirectional(
                L.GRU(4, return_sequences=sequences), merge_mode=merge))
    one("bidirectional stack", (5, 3), L.Bidirectional(L.LSTM(4, return_sequences=True)), L.Dropout(0.1),
        L.Bidirectional(L.LSTM(2, return_sequences=True, use_bias=False)), L.Bidirectional(L.SimpleRNN(3)), L.Dense(2))
    one("bidirectional other activation", (5, 3), L.Bidirectional(
        L.LSTM(4, return_sequences=True, activation="leaky_relu"), backward_layer=L.LSTM(
            4, return_sequences=True, go_backwards=True, recurrent_activation="hard_sigmoid", use_bias=False)))
    one("bidirectional other kind and size", (5, 3), L.Bidirectional(
        L.LSTM(4, return_sequences=True), backward_layer=L.GRU(2, return_sequences=True, go_backwards=True)))
    one("bidirectional other way round", (5, 3), L.Bidirectional(
        L.GRU(4, return_sequences=True, go_backwards=True), backward_layer=L.GRU(4, return_sequences=True)))
    one("bidirectional of cell", (5, 3), L.Bidirectional(L.RNN(L.LSTMCell(4), return_sequences=True), merge_mode="sum"))
    one("distributed dense", (4, 3), L.TimeDistributed(L.Dense(5, activation="softmax")))
    one("distributed norm activation", (4, 3), L.TimeDistributed(L.BatchNormalization()),
        L.TimeDistributed(L.Activation("tanh")), L.TimeDistributed(L.Dropout(0.5)))
    one("distributed conv pool flatten lstm", (4, 7, 5, 3), L.TimeDistributed(L.Conv2D(4, (3, 2), padding="same")),
        L.TimeDistributed(L.BatchNormalization()), L.TimeDistributed(L.MaxPooling2D(2)), L.TimeDistributed(L.Flatten()),
        L.LSTM(3))
    one("distributed conv global lstm", (4, 7, 5, 3), L.TimeDistributed(L.Conv2D(4, 3, activation="relu")),
        L.TimeDistributed(L.GlobalAveragePooling2D()), L.GRU(3))
    one("distributed lstm", (4, 5, 3), L.TimeDistributed(L.LSTM(2)), L.LSTM(3))
    one("distributed reshape", (4, 6), L.TimeDistributed(L.Reshape((3, 2))), L.TimeDistributed(L.Permute((2, 1))))
    inner = keras.Sequential([keras.Input((6, 5, 3)), L.Conv2D(4, 2, activation="relu"), L.BatchNormalization(),
                              L.GlobalMaxPooling2D(), L.Dense(3)], name="inner")
    one("distributed model", (4, 6, 5, 3), L.TimeDistributed(inner), L.Bidirectional(L.LSTM(2)))
    one("distributed bidirectional", (4, 5, 3), L.TimeDistributed(L.Bidirectional(L.GRU(2))))
    one("distributed twice", (3, 4, 5, 2), L.TimeDistributed(L.TimeDistributed(L.Conv1D(3, 2))))


def one_or_two(name, shape, layer):
    """A functional model: the layer may have two outputs."""
    x = keras.Input(shape, name="x")
    case(name, keras.Model(x, layer(x)))


def masks():
    # Nothing masked; in front; behind; in the middle; all; all but one.
    ids = np.array([[1, 4, 2, 3, 5], [0, 0, 6, 1, 2], [3, 5, 0, 0, 0], [4, 0, 2, 0, 1], [0, 0, 0, 0, 0],
                    [0, 0, 0, 6, 0]], "float32")
    for name in ("LSTM", "GRU", "SimpleRNN"):
        for sequences in (True, False):
            for backwards in (True, False):
                for zero in (True, False):
                    layer = getattr(L, name)(4, return_sequences=sequences, go_backwards=backwards, zero_output_for_mask=zero)
                    one(f"mask {name} sequences {sequences} backwards {backwards} zero {zero}", (5,),
                        L.Embedding(7, 3, mask_zero=True), layer, data=[ids])
    for sequences in (True, False):
        for merge in ("concat", "mul"):
            one(f"mask bidirectional {merge} {sequences}", (5,), L.Embedding(7, 3, mask_zero=True),
                L.Bidirectional(L.LSTM(4, return_sequences=sequences), merge_mode=merge), data=[ids])
    x = keras.Input((5,), name="x")
    y = L.Bidirectional(L.GRU(4, return_sequences=True, return_state=True), merge_mode=None)(L.Embedding(7, 3, mask_zero=True)(x))
    case("mask bidirectional both states", keras.Model(x, y), data=[ids])
    one("mask bidirectional other kind", (5,), L.Embedding(7, 3, mask_zero=True), L.Bidirectional(
        L.LSTM(4, return_sequences=True), backward_layer=L.GRU(2, return_sequences=True, go_backwards=True)), data=[ids])
    one("mask through a stack", (5,), L.Embedding(7, 3, mask_zero=True), L.Bidirectional(L.GRU(4, return_sequences=True)),
        L.Dropout(0.5), L.LSTM(2, return_sequences=True), L.TimeDistributed(L.Dense(3)), L.GRU(2, go_backwards=True), data=[ids])
    one("mask to the average", (5,), L.Embedding(7, 3, mask_zero=True), L.LSTM(2, return_sequences=True),
        L.GlobalAveragePooling1D(), data=[ids[:4]])
    steps = (np.random.default_rng(3).integers(-9, 9, (6, 5, 3)) / 8).astype("float32")
    steps[ids == 0] = 0.5
    steps[0, 1, 0] = 0.5
    one("masking", (5, 3), L.Masking(0.5), data=[steps])
    one("masking lstm", (5, 3), L.Masking(0.5), L.LSTM(4, return_sequences=True), data=[steps])
    one("masking norm gru", (5, 3), L.Masking(0.5), L.BatchNormalization(), L.GRU(4), data=[steps])
    x, given = keras.Input((5,), name="x"), [keras.Input((4,), name=f"s{i}") for i in range(2)]
    embedded = L.Embedding(7, 3, mask_zero=True)(x)
    initial = (np.arange(48).reshape(2, 6, 4) / 32).astype("float32")
    for sequences in (True, False):
        y = L.LSTM(4, return_sequences=sequences, return_state=True)(embedded, initial_state=given)
        case(f"mask and states {sequences}", keras.Model([x, *given], y), data=[ids, *initial])
    x, mask = keras.Input((5, 3), name="x"), keras.Input((5,), dtype="bool", name="mask")
    case("mask as an input", keras.Model([x, mask], L.GRU(4, return_sequences=True)(x, mask=mask)), data=[steps, ids != 0])
    x = keras.Input((5, 3), name="x")
    case("masking in a functional model", keras.Model(x, L.GRU(4)(L.Masking(0.5)(x))), data=[steps])


def augmentation():
    x = keras.Input((6, 5, 3), dtype="uint8", name="x")
    pixels = np.arange(180, dtype="uint8").reshape(2, 6, 5, 3)
    case("pixels of uint8", keras.Model(x, L.Conv2D(2, 3)(L.Rescaling(1 / 255)(x))), data=[pixels])
    one("identities", (6, 5, 3), L.RandomFlip(), L.RandomRotation(0.2), L.RandomZoom(0.1), L.RandomContrast(0.2),
        L.RandomBrightness(0.2), L.RandomTranslation(0.1, 0.1), L.GaussianNoise(0.1), L.GaussianDropout(0.1),
        L.SpatialDropout2D(0.2), L.AlphaDropout(0.1), L.ActivityRegularization(0.1), L.Identity(), L.Dropout(0.3),
        L.RandomShear(0.2), L.RandomHue(0.2), L.RandomSaturation(0.2), L.RandomGrayscale(0.5), L.RandomErasing(),
        L.RandomInvert(), L.RandomPosterization(4), L.RandomPerspective(), L.RandomGaussianBlur(),
        L.RandomElasticTransform(), L.RandomSharpness(0.5), L.RandomColorDegeneration(0.5), L.RandomColorJitter(),
        L.RandAugment(), L.AugMix(), L.MixUp(), L.CutMix())


def norms_of_sequences():
    norm = L.BatchNormalization
    one("lstm norm dense", (7, 3), L.LSTM(5, return_sequences=True), norm(), L.Dense(4))
    one("lstm norm lstm", (7, 3), L.LSTM(5, return_sequences=True), norm(), L.LSTM(4))
    one("gru norm gru", (7, 3), L.GRU(5, return_sequences=True), norm(), L.GRU(4, return_sequences=True))
    one("bidirectional norm lstm", (7, 3), L.Bidirectional(L.LSTM(5, return_sequences=True)), norm(), L.LSTM(4))


for group in (convolutions, dense, normalizations, shapes, activations, branches, nested, sequences, recurrent,
              recurrent_states, wrappers, masks, augmentation, norms_of_sequences):
    group()
with open(OUTPUT, "w") as file:
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(c, separators=(',', ':'))}" for name, c in CASES.items())
    file.write(f'{{"framework": "Keras {keras.__version__}, TensorFlow backend", "cases": {{\n{lines}\n}}}}\n')
print(len(CASES), "cases,", os.path.getsize(OUTPUT), "bytes")
