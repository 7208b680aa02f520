import { EdgefoldError } from '../errors.ts';

/** Windows opens a device for these, whatever their ending. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * Checks the name by which a model asks for another file: plain, relative, with forward slashes, and inside the
 * model's folder on every system. Whether links lead out of it is for whoever opens the file to see.
 * @throws {EdgefoldError} UNSAFE.
 */
export function checkLocation(location: string, where?: string): void {
  const reason = whyUnsafe(location);
  if (reason === undefined) return;
  throw new EdgefoldError('UNSAFE', `the model asks for a file that may not be read: ${reason}`, {
    ...(where === undefined ? {} : { where }),
    expected: 'a plain name in the folder of the model',
    received: JSON.stringify(location),
  });
}

function whyUnsafe(location: string): string | undefined {
  if (location === '') return 'its name is empty';
  if (location.includes('\0')) return 'its name holds a NUL character';
  if (location.includes('_ORT_MEM_ADDR_')) return 'it names memory of another process';
  if (location.includes('\\')) return 'its name holds a backslash';
  if (location.startsWith('/')) return 'its path is absolute';
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return 'it is an address or names a drive';
  const parts = location.split('/');
  if (parts.includes('..')) return 'its path leads out of the folder';
  if (parts.includes('')) return 'its path has a part without a name';
  if (parts.some((part) => DEVICE.test(part))) return 'it names a device';
  return parts.some((part) => /[. ]$/.test(part) && part !== '.') ? 'its name ends in a dot or a space' : undefined;
}
