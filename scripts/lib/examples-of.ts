export interface Example {
  /** The page's path from the root. */
  readonly page: string;
  /** The line of the page on which the example's first line stands, from 1. */
  readonly line: number;
  readonly text: string;
  /** Executed, and not only type-checked. */
  readonly runs: boolean;
}

export interface PageExamples {
  readonly examples: readonly Example[];
  readonly problems: readonly string[];
}

const FENCE = /^(\s*)(`{3,}|~{3,})\s*(.*)$/;
// Programs under another name would not be checked.
const OTHER_NAMES = ["typescript", "tsx", "mts", "js", "javascript", "jsx", "mjs"];

/** The TypeScript examples of a page in Markdown. */
export function examplesOf(page: string, markdown: string): PageExamples {
  const examples: Example[] = [];
  const problems: string[] = [];
  const lines = markdown.split("\n");
  let index = 0;
  while (index < lines.length) {
    const opening = FENCE.exec(lines[index] ?? "");
    index += 1;
    if (opening === null) continue;
    const [, indent = "", fence = "", info = ""] = opening;
    const start = index;
    while (index < lines.length && !closes(lines[index] ?? "", fence)) index += 1;
    const text = lines.slice(start, index).map((line) => line.slice(Math.min(indent.length, line.search(/\S|$/))));
    index += 1;
    const [language = "", ...words] = info.trim().split(/\s+/);
    if (OTHER_NAMES.includes(language.toLowerCase())) {
      problems.push(`${page}:${start} is marked \`${language}\`. Write it in TypeScript and mark it \`ts\`.`);
    }
    if (language !== "ts") continue;
    if (words.some((word) => word !== "run")) {
      problems.push(`${page}:${start} is marked \`${info}\`. Mark it \`ts\` or \`ts run\`, and make it compile.`);
    }
    examples.push({ page, line: start + 1, text: text.join("\n"), runs: words.includes("run") });
  }
  return { examples, problems };
}

function closes(line: string, fence: string): boolean {
  const trimmed = line.trim();
  return trimmed.length >= fence.length && trimmed === (fence[0] ?? "").repeat(trimmed.length);
}
