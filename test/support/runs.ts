/** How often to repeat something: fewer times where the same tests run again for every one of many mutants. */
export const runs = (usual: number): number => Math.ceil(usual / Number(process.env.EDGEFOLD_ONE_RUN_IN ?? 1));
