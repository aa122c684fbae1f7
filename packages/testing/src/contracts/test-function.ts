/** Registers one test: `test` of vitest, of node:test, or any function of that form. */
export type TestFunction = (name: string, run: () => Promise<void> | void) => unknown;
