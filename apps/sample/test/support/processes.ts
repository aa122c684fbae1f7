import { readdirSync, readFileSync } from "node:fs";

/** Where Linux shows its processes. */
export const processFolder = "/proc";

/** Ids of the processes that one has started and that run; a zombie has ended. */
export function childrenOf(parent: number): readonly number[] {
  return readdirSync(processFolder)
    .map(Number)
    .filter((pid) => {
      const stat = pid > 0 ? statOf(pid) : undefined;
      return stat?.parent === parent && stat.state !== "Z";
    });
}

export function isRunning(pid: number): boolean {
  const state = statOf(pid)?.state;
  return state !== undefined && state !== "Z" && state !== "X";
}

/** What everybody of its user may read of a process: its arguments and its environment. */
export function shownOf(pid: number): string {
  return ["cmdline", "environ"].map((name) => readFileSync(`${processFolder}/${pid}/${name}`, "utf8")).join("\n");
}

function statOf(pid: number): { readonly state: string | undefined; readonly parent: number } | undefined {
  try {
    // `pid (name) state parent …`, where the name may hold anything.
    const [state, parent] = readFileSync(`${processFolder}/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return { state, parent: Number(parent) };
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
