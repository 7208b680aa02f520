export * from './files/external-data.ts';
export * from './files/read.ts';
export * from './files/write.ts';
