/**
 * The one JSON text of a value: members sorted, no spaces, numbers in their shortest form, −0 as 0. Numbers that JSON
 * has no form for are the strings "NaN", "Infinity" and "-Infinity", as in the documents of `--json`.
 *
 * Source: RFC 8785, JSON Canonicalization Scheme
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value));
  if (value === null || typeof value !== 'object') return value === undefined ? 'null' : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const record = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(record).filter((name) => record[name] !== undefined);
  return `{${names.sort().map((name) => `${JSON.stringify(name)}:${canonicalJson(record[name])}`).join(',')}}`; // prettier-ignore
}
