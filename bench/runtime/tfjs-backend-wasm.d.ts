/** What is used of a package that is installed for benches only. */
declare module '@tensorflow/tfjs-backend-wasm' {
  export function setWasmPaths(folder: string): void;
}
