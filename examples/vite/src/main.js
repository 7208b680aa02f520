import { exportModel, foldGraph, load, readOnnx, writeOnnx } from 'edgefold';

document.querySelector('input').addEventListener('change', async ({ target: { files } }) => {
  const bytes = new Uint8Array(await files[0].arrayBuffer());
  const { graph } = files[0].name.endsWith('.onnx') ? { graph: readOnnx(bytes) } : await exportModel(bytes);
  const { graph: folded, report } = foldGraph(graph);
  const model = await load(writeOnnx(folded), { provider: ['webgpu', 'wasm'] });
  document.querySelector('pre').textContent = JSON.stringify(
    { batchNormalizations: report.batchNormalizations, provider: model.report },
    null,
    2,
  );
  await model.dispose();
});
