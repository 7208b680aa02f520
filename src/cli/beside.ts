/** A program for a process of its own: it lies beside the bundle, or beside this file. */
export function programBeside(name: string): URL {
  return new URL(import.meta.url.endsWith('.ts') ? `${name}.ts` : `${name}.js`, import.meta.url);
}
