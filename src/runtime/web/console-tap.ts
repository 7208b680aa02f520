/*
 * onnxruntime-web prints its profile through the console's functions as they are when its WebAssembly starts. It gets
 * functions that hand everything on to the console, except while somebody listens.
 */

type Print = (...words: unknown[]) => void;

let listener: string[] | undefined;

/** Starts a runtime with the console tapped; the console is itself again afterwards. */
export async function duringStart<T>(start: () => Promise<T>): Promise<T> {
  const { log, warn, error } = console;
  Object.assign(console, { log: tapped(log), warn: tapped(warn), error: tapped(error) });
  try {
    return await start();
  } finally {
    Object.assign(console, { log, warn, error });
  }
}

function tapped(own: Print): Print {
  return (...words) => {
    if (listener) listener.push(words.join(' '));
    else own.apply(console, words);
  };
}

/** The lines that the runtime prints meanwhile. */
export function linesOf(print: () => void): string[] {
  const lines = (listener = []);
  try {
    print();
    return lines;
  } finally {
    listener = undefined;
  }
}
