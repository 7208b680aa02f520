/** The browser entry: reading, exporting, folding and comparing; it needs nothing from Node. */
export * from './index.ts';
