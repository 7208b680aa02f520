import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** Cross-origin isolation: WebAssembly gets its threads, and timers their resolution. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  // The package as a user of it has it: `npm run build` makes it.
  resolve: { alias: { 'edgefold/web': fileURLToPath(new URL('../dist/web/edgefold.js', import.meta.url)) } },
  preview: { headers: ISOLATION },
  worker: { format: 'es' },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022' },
});
