/** The names that most resemble `name`, best first: those that share the most characters at either end, case aside. */
export function nearest(name: string, names: readonly string[], count: number): string[] {
  const wanted = name.toLowerCase();
  const ranked = names.map((each) => ({ each, shared: sharedEnds(wanted, each.toLowerCase()) }));
  ranked.sort((a, b) => b.shared - a.shared);
  return ranked.slice(0, count).map(({ each }) => each);
}

/** The length of the common beginning and of the common end, less what the two differ in length. */
function sharedEnds(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let [start, end] = [0, 0];
  while (start < shorter && a[start] === b[start]) start++;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return start + end - Math.abs(a.length - b.length);
}
