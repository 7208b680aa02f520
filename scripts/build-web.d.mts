/** Writes what a page imports as it is into `folder`. */
export function buildWeb(folder: string): Promise<void>;
