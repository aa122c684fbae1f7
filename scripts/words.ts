import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Say } from "./lib/check.ts";
import { runCommand } from "./lib/command.ts";
import { root } from "./lib/workspace.ts";

export const name = "words";

interface Forbidden {
  readonly what: string;
  readonly pattern: RegExp;
}

const FORBIDDEN: readonly Forbidden[] = [
  { what: "a path of one machine's home folder", pattern: /(?<![\w.*}$-])\/root\// },
  { what: "a path of one machine's home folder", pattern: /(?<![\w.*}$-])\/(?:home|Users)\/[a-z][\w.-]*/i },
  { what: "a private key", pattern: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/ },
];

// Common parents of a checkout, whose names a program may well hold.
const COMMON_FOLDERS = ["/", "/app", "/build", "/builds", "/home", "/mnt", "/opt", "/src", "/srv", "/tmp", "/usr/src"];

/** Nothing that git would take in names a place on one machine or holds a private key. */
export async function run(say: Say): Promise<readonly string[]> {
  const { code, stdout, output } = await runCommand(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: root },
  );
  if (code !== 0) return [`git ls-files failed: ${output}`];
  const paths = [...new Set(stdout.split("\0").filter((path) => path !== ""))];
  say(`${paths.length} files`);
  const forbidden = [...FORBIDDEN, ...checkoutPaths(root)];
  return paths.flatMap((path) => {
    const text = readText(join(root, path));
    return text === undefined ? [] : wordProblems(path, text, forbidden);
  });
}

/** Exported for its test. */
export function wordProblems(path: string, text: string, forbidden: typeof FORBIDDEN = FORBIDDEN): readonly string[] {
  return text.split("\n").flatMap((line, index) => {
    const found = new Set(forbidden.filter(({ pattern }) => pattern.test(line)).map(({ what }) => what));
    const place = `${path}:${index + 1}`;
    return [...found].map((what) => `${place} holds ${what}. Take it out; make paths and keys when the program runs.`);
  });
}

/** Where this checkout lies, and the folder that it lies in unless that is a common one. Exported for its test. */
export function checkoutPaths(checkout: string): readonly Forbidden[] {
  const common = [...COMMON_FOLDERS, tmpdir()];
  return [checkout, dirname(checkout)]
    .filter((path) => !common.includes(path))
    .map((path) => ({
      what: "the path of a checkout",
      pattern: new RegExp(`(?<![\\w.*}$-])${path.replace(/[^\w/]/g, "\\$&")}${path === checkout ? "(?![\\w-])" : "/"}`),
    }));
}

function readText(file: string): string | undefined {
  try {
    const text = readFileSync(file, "utf8");
    return text.includes("\0") ? undefined : text;
  } catch {
    // Removed from the working tree and not yet from git's index, or a link to a folder.
    return undefined;
  }
}
