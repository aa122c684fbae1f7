import { once } from "node:events";

/** In a process of a test: says that it is there, and waits until all may go. */
export async function startLine(): Promise<void> {
  process.send?.("ready");
  await once(process, "message");
}

/** Tells the test the result, and lets the process end by itself: what keeps it alive would be noticed. */
export function finish(result: unknown): void {
  process.send?.(result, undefined, undefined, () => process.disconnect());
}
