// The generated protobuf code is JavaScript with a declaration file: tsc reads it, but leaves it where it is.
import { copyFileSync, mkdirSync } from 'node:fs';

mkdirSync('dist/onnx/proto', { recursive: true });
for (const name of ['onnx.js', 'onnx.d.ts']) copyFileSync(`src/onnx/proto/${name}`, `dist/onnx/proto/${name}`);
