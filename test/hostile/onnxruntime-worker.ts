/**
 * What onnxruntime makes of model files, its optimiser off, in a process of its own, because some end it. Arguments: the
 * files; prints a line of JSON for each: the elements of the first output, or why it was refused.
 */
import { readFileSync, writeSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { X } from './write/onnx-file.ts';

async function computed(path: string): Promise<object> {
  try {
    const session = await ort.InferenceSession.create(readFileSync(path), { graphOptimizationLevel: 'disabled', logSeverityLevel: 4, intraOpNumThreads: 1 }); // prettier-ignore
    const x = new ort.Tensor('float32', X.data as Float32Array, X.shape);
    const outputs = await session.run(Object.fromEntries(session.inputNames.map((name) => [name, x])));
    const first = outputs[session.outputNames[0]!]!;
    return { y: Array.from(first.data as Float32Array, (value) => String(value)) };
  } catch (fault) {
    return { refused: fault instanceof Error ? fault.message : String(fault) };
  }
}

for (const path of process.argv.slice(2)) writeSync(1, `${JSON.stringify(await computed(path))}\n`);
