"""Writes matrix-keras3.json and matrix-keras2.json: layers with their options as real Keras computes them.

    python make-matrix-goldens.py 3
    python make-matrix-goldens.py 2

Every case is a small model, at least one for each option that is not the default. Both generations run the same
cases, where both have the layer. Weights and inputs are seeded multiples of 1/16; no size repeats another.

Made with Keras 3.15.1 and tf_keras 2.21 on TensorFlow 2.21 (CPU).
"""

import base64
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
MAJOR = int(sys.argv[1])

import numpy as np
from golden_values import numbers, stored_weights, stripped

if MAJOR == 3:
    import keras as K
else:
    import tf_keras as K
L = K.layers

OUTPUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"matrix-keras{MAJOR}.json")
CASES = {}


def packed(array):
    """Multiples of 1/16 as bytes, everything else as float32."""
    array = np.asarray(array)
    sixteenths = array.astype("float64") * 16
    if array.size and np.all(sixteenths == np.round(sixteenths)) and np.abs(sixteenths).max() < 128:
        return {"shape": list(array.shape), "sixteenths": base64.b64encode(sixteenths.astype("int8").tobytes()).decode()}
    return {"shape": list(array.shape), "float32": base64.b64encode(array.astype("<f4").tobytes()).decode()}


def randomise(model, random):
    for variable in {id(v): v for v in model.weights}.values():
        name, shape = variable.name, variable.shape
        if name in ("mean", "variance", "count") or "seed" in name:
            continue
        positive = "variance" in name or "gamma" in name
        variable.assign(numbers(random, shape, *((4, 40) if positive else (-12, 13))))


def weights_of(model):
    if MAJOR == 2:
        return {w.name.removesuffix(":0"): packed(w) for layer in model.layers for w in layer.weights}
    return stored_weights(model, packed)


# What says nothing about the layer.
SILENT = ("registered_name", "dtype", "trainable", "sparse", "ragged", "optional", "seed")


def trimmed(node):
    """Without the entries that most layers repeat; `dtype` only where it is float32."""
    if isinstance(node, dict):
        is_plain = lambda k, v: k in SILENT and (k != "dtype" or "float32" in json.dumps(v))
        kept = {k: trimmed(v) for k, v in node.items() if not is_plain(k, v)}
        return {k: v for k, v in kept.items() if not (k == "kwargs" and v == {})} if "args" not in node else kept
    return [trimmed(item) for item in node] if isinstance(node, list) else node


def flat(values):
    return [y for value in values for y in flat(value)] if isinstance(values, (list, tuple)) else [values]


def case(name, model, data=None):
    random = np.random.default_rng(sum(name.encode()))
    randomise(model, random)
    given = data or [numbers(random, (2, *tensor.shape[1:])) for tensor in model.inputs]
    produced = flat(model(given if len(given) > 1 else given[0], training=False))
    topology = trimmed(stripped(json.loads(model.to_json())))
    if MAJOR == 2:
        topology = {"keras_version": topology.pop("keras_version"), "backend": topology.pop("backend"), "model_config": topology}
    else:
        topology["keras_version"] = K.__version__
    assert name not in CASES, name
    CASES[name] = {
        "topology": topology,
        "weights": weights_of(model),
        "inputs": {tensor.name: packed(x) for tensor, x in zip(model.inputs, given)},
        "outputs": [packed(y) for y in produced],
    }


def one(name, shape, *layers, data=None):
    x = y = K.Input(shape, name="x")
    for layer in layers:
        y = layer(y)
    case(name, K.Model(x, y), data)


def inputs(*shapes):
    return [K.Input(shape, name=f"x{i}") for i, shape in enumerate(shapes)]


def called(name, layer, *shapes, data=None, **arguments):
    """A layer called with several tensors."""
    xs = inputs(*shapes)
    case(name, K.Model(xs, layer(*xs, **arguments)), data)


def listed(name, layer, *shapes, data=None, **arguments):
    """A layer called with a list of tensors."""
    xs = inputs(*shapes)
    case(name, K.Model(xs, layer(xs, **arguments)), data)


IDS = np.array([[1, 4, 2, 3, 5], [0, 0, 6, 1, 2], [3, 5, 0, 0, 0], [4, 0, 2, 0, 1], [0, 0, 0, 6, 0]], "float32")
OTHER = np.array([[2, 1, 0, 3], [5, 0, 0, 1], [0, 6, 4, 0], [1, 1, 1, 1], [0, 0, 3, 0]], "float32")


def embedding(width=3):
    return L.Embedding(7, width, mask_zero=True)


def normalizations():
    for axis in (-1, 1, [1, 2], [2, 3], (1, 3), [1, 2, 3]):
        one(f"layer norm {axis}", (4, 3, 5), L.LayerNormalization(axis=axis))
    one("layer norm epsilon no center", (4, 3), L.LayerNormalization(epsilon=0.25, center=False))
    one("layer norm no scale", (4, 3), L.LayerNormalization(scale=False))
    one("layer norm bare", (5,), L.LayerNormalization(scale=False, center=False))
    one("layer norm behind conv", (4, 5, 3), L.Conv2D(6, 2), L.LayerNormalization(), L.Conv2D(2, 1))
    one("layer norm axes behind conv", (4, 5, 3), L.Conv2D(6, 2), L.LayerNormalization(axis=[1, 3]))
    one("layer norm behind flatten", (4, 5, 3), L.Conv2D(2, 2), L.Flatten(), L.LayerNormalization(), L.Dense(2))
    one("layer norm behind lstm", (4, 3), L.LSTM(5, return_sequences=True), L.LayerNormalization())
    one("unit norm", (4, 3), L.UnitNormalization())
    one("unit norm axis 1 behind conv", (4, 5, 3), L.Conv2D(6, 2), L.UnitNormalization(axis=1))
    one("unit norm axes", (4, 5, 3), L.UnitNormalization(axis=[1, 2]))
    for groups in (1, 2, 6, -1):
        one(f"group norm {groups}", (4, 5, 6), L.GroupNormalization(groups))
    one("group norm of vector", (6,), L.GroupNormalization(3, epsilon=0.25))
    one("group norm of sequence", (5, 6), L.GroupNormalization(2, scale=False))
    one("group norm of volume", (3, 4, 5, 6), L.GroupNormalization(3, center=False))
    one("group norm axis 1", (6, 4, 5), L.GroupNormalization(2, axis=1))
    one("group norm bare behind conv", (4, 5, 3), L.Conv2D(6, 2), L.GroupNormalization(3, center=False, scale=False))
    one("group norm one each no scale", (4, 5, 3), L.GroupNormalization(-1, scale=False))
    if MAJOR == 3:
        # tf_keras cannot build its own on TensorFlow 2.21.
        one("spectral norm", (5, 4, 3), L.SpectralNormalization(L.Conv2D(2, 2), power_iterations=2), L.Flatten(), L.Dense(3))
        for axis in (-1, [1, 2]):
            one(f"rms norm {axis}", (4, 3), L.RMSNormalization(axis=axis))
        one("rms norm epsilon behind conv", (4, 5, 3), L.Conv2D(6, 2), L.RMSNormalization(epsilon=0.5), L.Conv2D(2, 1))
        one("layer norm rms scaling", (4, 3), L.LayerNormalization(rms_scaling=True))


def attention():
    for scale in (True, False):
        for mode in ("dot", "concat"):
            listed(f"attention {mode} scale {scale}", L.Attention(use_scale=scale, score_mode=mode), (5, 3), (4, 3))
        listed(f"additive attention scale {scale}", L.AdditiveAttention(use_scale=scale, dropout=0.5), (5, 3), (4, 3))
    listed("attention key", L.Attention(dropout=0.5), (5, 3), (4, 2), (4, 3))
    listed("additive attention key", L.AdditiveAttention(), (5, 3), (4, 2 if MAJOR == 3 else 3), (4, 3))
    listed("attention causal", L.Attention(), (5, 3), (4, 3), use_causal_mask=True)
    listed("attention scores", L.Attention(), (5, 3), (4, 3), return_attention_scores=True)
    listed("additive attention causal scores", L.AdditiveAttention(), (5, 3), (4, 3), use_causal_mask=True,
           return_attention_scores=True)
    for layer in (L.Attention, L.AdditiveAttention):
        a, b = inputs((5,), (4,))
        y = layer()([embedding()(a), embedding()(b)], use_causal_mask=layer is L.Attention)
        case(f"{layer.__name__} masked", K.Model([a, b], L.GlobalAveragePooling1D()(y)), [IDS[:4], OTHER[:4]])
    q, v, m, n = *inputs((5, 3), (4, 3)), K.Input((5,), dtype="bool", name="m"), K.Input((4,), dtype="bool", name="n")
    random = np.random.default_rng(7)
    case("attention masks given", K.Model([q, v, m, n], L.Attention()([q, v], mask=[m, n])),
         [numbers(random, (5, 5, 3)), numbers(random, (5, 4, 3)), IDS != 0, OTHER != 0])


def heads():
    M = L.MultiHeadAttention
    called("heads", M(2, 3), (5, 4), (7, 6))
    called("heads key value_dim", M(3, 2, value_dim=5), (5, 4), (7, 6), (7, 3))
    called("heads no bias output_shape", M(2, 3, use_bias=False, output_shape=5, dropout=0.5), (5, 4), (7, 6))
    called("heads output_shape of two", M(2, 3, output_shape=(2, 3)), (5, 4), (7, 6))
    called("heads causal", M(2, 3), (5, 4), (5, 6), use_causal_mask=True)
    called("heads scores", M(2, 3), (5, 4), (7, 6), return_attention_scores=True)
    called("heads causal scores", M(2, 3), (5, 4), (5, 6), use_causal_mask=True, return_attention_scores=True)
    for axes in (None, 1, 2, (1, 2), *([(-2,)] if MAJOR == 3 else [])):
        called(f"heads axes {axes}", M(2, 3, attention_axes=axes), (4, 5, 3), (4, 5, 2), return_attention_scores=True)
    called("heads axes (1, 2) only output", M(2, 3, attention_axes=(1, 2), value_dim=4, output_shape=5), (4, 5, 3), (2, 3, 2))
    for shape in ((5, 7), (2, 5, 7)):
        q, v, m = *inputs((5, 4), (7, 6)), K.Input(shape, dtype="bool", name="m")
        random = np.random.default_rng(len(shape))
        mask = random.integers(0, 2, (2, *shape)).astype(bool)
        mask[..., 2] = True
        given = [numbers(random, (2, 5, 4)), numbers(random, (2, 7, 6)), mask]
        case(f"heads attention_mask {shape}", K.Model([q, v, m], M(2, 3)(q, v, attention_mask=m)), given)
    x = K.Input((5, 4), name="x")
    case("heads itself", K.Model(x, L.LayerNormalization()(L.Add()([x, M(2, 3)(x, x)]))))
    a, b = inputs((5,), (4,))
    y = M(2, 3)(embedding(4)(a), embedding(3)(b))
    case("heads masked", K.Model([a, b], L.GlobalAveragePooling1D()(y)), [IDS, OTHER])
    a, b = inputs((5,), (5,))
    v, k = embedding(4)(b), embedding(2)(b)
    y = M(2, 3)(embedding(4)(a), v, key=k, use_causal_mask=True)
    case("heads masked causal key", K.Model([a, b], y), [IDS, IDS[::-1].copy()])
    x = K.Input((5,), name="x")
    e = embedding(4)(x)
    y = L.LayerNormalization()(L.Add()([e, M(2, 3)(e, e)]))
    case("transformer block masked", K.Model(x, L.GlobalAveragePooling1D()(y)), [IDS])
    x = K.Input((5,), name="x")
    y, weights = M(2, 3)(embedding(4)(x), embedding(4)(x), return_attention_scores=True)
    case("heads masked scores", K.Model(x, [y, weights]), [IDS])
    if MAJOR == 3:
        called("heads gate sliding window", M(2, 3, use_gate=True, sliding_window=2, value_dim=4), (5, 4), (7, 6))
        called("heads sliding causal", M(2, 3, sliding_window=3), (5, 4), (5, 6), use_causal_mask=True)
        G = L.GroupQueryAttention
        called("grouped", G(3, 4, 2), (5, 4), (7, 4))
        called("grouped key no bias causal", G(3, 6, 3, use_bias=False, dropout=0.5), (5, 4), (5, 4), (5, 6), use_causal_mask=True)
        called("grouped scores gate", G(3, 4, 2, use_gate=True), (5, 4), (7, 4), return_attention_scores=True)
        called("grouped sliding window of one", G(2, 3, 1, sliding_window=2), (5, 4), (5, 4))
        x = K.Input((5,), name="x")
        e = embedding(4)(x)
        case("grouped masked", K.Model(x, G(3, 4, 2)(e, e)), [IDS])
        q, v, m = *inputs((5, 4), (7, 4)), K.Input((4, 5, 7), dtype="bool", name="m")
        random = np.random.default_rng(5)
        mask = random.integers(0, 2, (2, 4, 5, 7)).astype(bool)
        mask[..., 3] = True
        case("grouped attention_mask", K.Model([q, v, m], G(3, 4, 2)(q, v, attention_mask=m)),
             [numbers(random, (2, 5, 4)), numbers(random, (2, 7, 4)), mask])


def joint_masks():
    def branches():
        a, b = inputs((5,), (5,))
        return [a, b], embedding()(a), embedding()(b)

    data = [IDS[:4], np.array([[0, 2, 0, 1, 4], [3, 5, 0, 0, 1], [0, 5, 0, 0, 2], [1, 0, 2, 0, 0]], "float32")]
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        xs, a, b = branches()
        case(f"mask of {name}", K.Model(xs, L.GlobalAveragePooling1D()(getattr(L, name)()([a, b]))), data)
        xs, a, _ = branches()
        y = getattr(L, name)()([a, L.Conv1D(3, 1)(a)])
        case(f"mask of {name} of one", K.Model(xs[:1], L.LSTM(2)(y)), data[:1])
    for axis in (1, -1):
        xs, a, b = branches()
        y = L.Concatenate(axis=axis)([a, b])
        case(f"mask of Concatenate {axis}", K.Model(xs, [y, L.GRU(2, return_sequences=True)(y)]), data)
    if MAJOR == 3:
        xs, a, _ = branches()
        y = L.Concatenate(axis=1)([a, L.Conv1D(3, 1)(a)])
        case("mask of Concatenate 1 of one", K.Model(xs[:1], L.GlobalAveragePooling1D()(y)), data[:1])
    xs, a, b = branches()
    y = L.TimeDistributed(L.Dense(2))(L.Add()([a, b, a]))
    case("mask of three through TimeDistributed", K.Model(xs, L.Bidirectional(L.GRU(3))(y)), data)
    one("mask through norms", (5,), embedding(), L.LayerNormalization(), L.UnitNormalization(), L.SimpleRNN(2), data=[IDS])


def conv_lstm():
    one("conv lstm 1d", (4, 6, 2), L.ConvLSTM1D(3, 2))
    one("conv lstm 2d", (4, 6, 5, 2), L.ConvLSTM2D(3, (2, 3)))
    one("conv lstm 3d", (3, 4, 3, 5, 2), L.ConvLSTM3D(2, 2, return_sequences=True))
    one("conv lstm strides same", (4, 7, 6, 2), L.ConvLSTM2D(3, (3, 2), strides=(2, 3), padding="same", return_sequences=True))
    one("conv lstm dilation", (3, 7, 6, 2), L.ConvLSTM2D(3, 3, dilation_rate=(2, 1), padding="valid"))
    one("conv lstm activations", (4, 6, 2), L.ConvLSTM1D(3, 2, activation="selu", recurrent_activation="hard_sigmoid",
        use_bias=False, unit_forget_bias=False, dropout=0.5, recurrent_dropout=0.25))
    one("conv lstm linear", (4, 6, 2), L.ConvLSTM1D(3, 3, activation=None, recurrent_activation="relu6" if MAJOR == 3 else "elu"))
    for sequences in (True, False):
        one(f"conv lstm backwards {sequences}", (4, 6, 5, 2), L.ConvLSTM2D(3, 2, go_backwards=True, return_sequences=sequences))
        one(f"conv lstm state {sequences}", (4, 6, 5, 2), L.ConvLSTM2D(3, 2, padding="same", return_state=True, return_sequences=sequences))
    one("conv lstm stack", (4, 6, 5, 2), L.ConvLSTM2D(3, 2, return_sequences=True), L.BatchNormalization(),
        L.ConvLSTM2D(2, 2, return_sequences=True), L.ConvLSTM2D(4, 2), L.GlobalAveragePooling2D(), L.Dense(2))
    one("conv lstm dense", (4, 6, 2), L.ConvLSTM1D(3, 2, return_sequences=True), L.Dense(2))
    one("conv lstm time distributed", (4, 6, 5, 2), L.TimeDistributed(L.Conv2D(3, 2)), L.ConvLSTM2D(3, 2, return_sequences=True),
        L.TimeDistributed(L.MaxPooling2D(2)), L.Conv3D(2, (2, 1, 1)))
    x, h, c = K.Input((4, 6, 5, 2), name="x"), K.Input((6, 5, 3), name="h"), K.Input((6, 5, 3), name="c")
    layer = L.ConvLSTM2D(3, 3, padding="same", return_sequences=True, return_state=True)
    case("conv lstm states in and out", K.Model([x, h, c], layer(x, initial_state=[h, c])))
    x = K.Input((None, 6, 2), name="x")
    case("conv lstm any number of steps", K.Model(x, L.ConvLSTM1D(3, 2, return_sequences=True)(x)),
         [numbers(np.random.default_rng(2), (2, 4, 6, 2))])


def stacks():
    def cells():
        return [L.LSTMCell(4), L.GRUCell(3, reset_after=False), L.SimpleRNNCell(2, use_bias=False), L.LSTMCell(5)]

    one("stacked cells", (5, 3), L.RNN(L.StackedRNNCells(cells())))
    one("list of cells", (5, 3), L.RNN([L.GRUCell(4), L.GRUCell(3)], return_sequences=True))
    one("stacked one cell", (5, 3), L.RNN(L.StackedRNNCells([L.GRUCell(4)])))
    one("stacked cells backwards", (5, 3), L.RNN(cells(), return_sequences=True, go_backwards=True))
    one("stacked cells masked", (5,), embedding(), L.RNN(cells()[:2], return_sequences=True), data=[IDS])
    x = K.Input((5, 3), name="x")
    case("stacked cells states", K.Model(x, flat(L.RNN(cells(), return_state=True, return_sequences=True)(x))))


def kernels():
    one("einsum dense of heads", (4, 6), L.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de"))
    one("einsum dense from heads", (4, 2, 3), L.EinsumDense("abcd,cde->abe", output_shape=(None, 5), bias_axes="e", activation="tanh"))
    one("einsum dense over time", (4, 6), L.EinsumDense("abc,bd->adc", output_shape=(5, None), bias_axes="d"))
    one("einsum dense no bias", (4, 6), L.EinsumDense("abc,bc->ac", output_shape=(6,)))
    one("einsum dense ellipsis", (4, 5, 6), L.EinsumDense("...x,xyz->...yz", output_shape=(2, 3), bias_axes="z"))
    one("einsum dense behind conv", (4, 5, 3), L.Conv2D(6, 2), L.EinsumDense("abcd,bde->abce", output_shape=(3, 4, 2), bias_axes="e"))
    for axis in (-1, 1):
        x, m = K.Input((4, 3), name="x"), K.Input((4, 3), dtype="bool", name="m")
        random = np.random.default_rng(3)
        case(f"softmax masked {axis}", K.Model([x, m], L.Softmax(axis=axis)(x, mask=m)),
             [numbers(random, (2, 4, 3)), random.integers(0, 2, (2, 4, 3)).astype(bool) | (np.arange(4)[:, None] == np.arange(3))])
    one("softmax axes", (4, 3), L.Softmax(axis=(1, 2)))
    if MAJOR == 3:
        x, m = K.Input((4, 3), name="x"), K.Input((4, 3), dtype="bool", name="m")
        case("softmax masked axes", K.Model([x, m], L.Softmax(axis=(1, 2))(x, mask=m)),
             [numbers(np.random.default_rng(3), (2, 4, 3)), np.array([[[1, 0, 1]] * 4, [[0, 0, 1]] * 4], bool)])
        one("sparsemax", (7,), L.Activation("sparsemax"))
        one("sparsemax behind conv", (5, 4, 3), L.Conv2D(4, 2, activation="sparsemax"))
        for tie in (True, False):
            ids = K.Input((5,), name="x")
            layer = L.ReversibleEmbedding(7, 3, tie_weights=tie, mask_zero=tie, logit_soft_cap=None if tie else 2.0)
            case(f"reversible embedding tied {tie}", K.Model(ids, layer(L.Dense(3)(layer(ids)), reverse=True)), [IDS])
        for name, sizes in (("1D", [(7,), 3]), ("2D", [(6, 7), (3, 4)]), ("3D", [(4, 5, 6), (2, 3, 6)])):
            for kind in ("Average", "Max"):
                layer = getattr(L, f"Adaptive{kind}Pooling{name}")
                one(f"adaptive {kind} {name}", (*sizes[0], 2), layer(sizes[1]))
        one("adaptive channels first", (2, 5, 7), L.AdaptiveAveragePooling2D((3, 1), data_format="channels_first"))
        one("adaptive behind conv", (8, 7, 2), L.Conv2D(3, 2), L.AdaptiveMaxPooling2D(4), L.Flatten(), L.Dense(2))
    else:
        for implementation in (1, 2, 3):
            padding = "valid" if implementation == 1 else "same"
            one(f"locally connected 1d {implementation}", (7, 3), L.LocallyConnected1D(2, 3, strides=2, implementation=implementation,
                padding=padding, activation="tanh"))
            one(f"locally connected 2d {implementation}", (6, 5, 3), L.LocallyConnected2D(2, (3, 2), strides=(2, 1),
                implementation=implementation, padding=padding))
            one(f"locally connected channels first {implementation}", (3, 5, 4), L.LocallyConnected2D(2, (2, 3), use_bias=implementation == 1,
                implementation=implementation, data_format="channels_first"))
        one("locally connected behind conv", (6, 5, 2), L.Conv2D(3, 2), L.LocallyConnected2D(2, 2, use_bias=False))


GROUPS = (stacks, kernels, joint_masks, conv_lstm, normalizations, attention, heads)
for group in GROUPS:
    group()
with open(OUTPUT, "w") as file:
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(c, separators=(',', ':'))}" for name, c in CASES.items())
    file.write(f'{{"framework": "{K.__name__} {K.__version__}", "cases": {{\n{lines}\n}}}}\n')
print(len(CASES), "cases,", os.path.getsize(OUTPUT), "bytes")
