import type { TestFunction } from "./test-function.ts";

/** Runs what a suite registers, and returns the names of those that failed. */
export async function failuresOf(register: (test: TestFunction) => void): Promise<readonly string[]> {
  const tests: { readonly name: string; readonly run: () => Promise<void> | void }[] = [];
  register((name, run) => tests.push({ name, run }));
  const failed: string[] = [];
  for (const { name, run } of tests) {
    try {
      await run();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

/** Runs what a suite registers up to the first failure, and returns its name. */
export async function firstFailureOf(register: (test: TestFunction) => void): Promise<string | undefined> {
  const tests: { readonly name: string; readonly run: () => Promise<void> | void }[] = [];
  register((name, run) => tests.push({ name, run }));
  for (const { name, run } of tests) {
    try {
      await run();
    } catch {
      return name;
    }
  }
  return undefined;
}
