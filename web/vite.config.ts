import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

/** Cross-origin isolation: WebAssembly gets its threads, and timers their resolution. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * The page and its workers may connect to where they come from and to nothing else: that nothing leaves the tab is for
 * the browser to enforce. Charts set their sizes in style attributes.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "connect-src 'self' data: blob:",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** In the document too, for hosts that set no headers; it does not reach workers there. */
const policyTag: Plugin = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY }, injectTo: 'head-prepend' },
  ],
};

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  // The package as a user of it has it: `npm run build` makes it.
  resolve: { alias: { 'edgefold/web': fileURLToPath(new URL('../dist/web/edgefold.js', import.meta.url)) } },
  plugins: [policyTag],
  preview: { headers: { ...ISOLATION, 'Content-Security-Policy': POLICY } },
  worker: { format: 'es' },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022' },
});
