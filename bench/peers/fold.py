"""Folds one model with another tool, as its documentation tells: fold.py TOOL IN.onnx OUT.onnx.

Peak resident memory in KiB goes to the file named by EDGEFOLD_BENCH_PEAK. Each tool is imported only when it is
asked for, so that none pays for another.
"""

import os
import sys


def with_onnxsim(source, target):
    import onnx
    import onnxsim

    model, _ = onnxsim.simplify(onnx.load(source))
    onnx.save(model, target)


def with_onnxslim(source, target):
    import onnxslim

    onnxslim.slim(source, target)


def with_onnxscript(source, target):
    import onnx_ir
    import onnxscript.optimizer
    import onnxscript.rewriter

    model = onnxscript.optimizer.optimize(onnx_ir.load(source))
    onnx_ir.save(onnxscript.rewriter.rewrite(model), target)


def with_onnxruntime(source, target):
    """Its offline optimiser at the highest level whose result runs on every machine."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = target
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


TOOLS = {
    "onnxsim": with_onnxsim,
    "onnxslim": with_onnxslim,
    "onnxscript": with_onnxscript,
    "onnxruntime": with_onnxruntime,
}


def peak_kib():
    with open("/proc/self/status") as status:
        return next(line.split()[1] for line in status if line.startswith("VmHWM:"))


tool, source, target = sys.argv[1:]
TOOLS[tool](source, target)
if "EDGEFOLD_BENCH_PEAK" in os.environ:
    with open(os.environ["EDGEFOLD_BENCH_PEAK"], "w") as file:
        file.write(peak_kib())
