import { EdgefoldError } from '../../errors.ts';

export function utf8(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return corrupt(where, 'a string is not UTF-8');
  }
}

export function corrupt(where: string, summary: string, expected?: string, received?: string): never {
  throw new EdgefoldError('CORRUPT', summary, {
    where,
    ...(expected === undefined ? {} : { expected }),
    ...(received === undefined ? {} : { received }),
  });
}
