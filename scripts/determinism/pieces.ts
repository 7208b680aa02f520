import { readFileSync } from 'node:fs';
import { writeModelFiles } from '../../src/files/write.ts';
import { readOnnx } from '../../src/onnx/read.ts';

/** Writes a model with its weights in a file beside it, as one beyond 2 GiB is: MODEL.onnx OUT.onnx. */
const [model, output] = process.argv.slice(2);
await writeModelFiles(output!, readOnnx(new Uint8Array(readFileSync(model!))), { maxInlineBytes: 0, force: true });
