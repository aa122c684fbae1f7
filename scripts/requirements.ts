import ts from "typescript";
import type { Say } from "./lib/check.ts";
import type { ListedRequirement } from "./lib/standards-page.ts";
import { findFiles, readFiles } from "./lib/workspace.ts";

export const name = "requirements";

const LIST = "docs/requirements.md";
const TESTS = ["**/*.test.ts", "packages/testing/src/**/*.ts"];
const ID = /^[REDFTWHI]\d+$/;
const IDS_OF_TITLE = /^(?:[REDFTWHI]\d+\b[\s,:]*)+/;
const TEST_WORDS = ["test", "it"];
const GROUP_WORDS = ["describe", "suite"];
// Any other modifier (skip, skipIf, runIf, todo, fails, only) makes a test one that may not run, or may fail.
const PLAIN_MODIFIERS = ["each", "for", "concurrent", "sequential"];
const OPTIONS_THAT_SKIP = ["skip", "todo", "fails", "only"];

/** Tests name requirements that are listed, and what is listed as covered has a test. */
export async function run(say: Say): Promise<readonly string[]> {
  const list = readFiles(findFiles([LIST])).get(LIST);
  if (list === undefined) return [`${LIST} is missing. Write it: a table with a Status column, one row for each.`];
  const tests = readFiles(findFiles(TESTS));
  const covered = [...readRequirements(list).values()].filter((isCovered) => isCovered).length;
  say(`${tests.size} files with tests, ${covered} requirements covered`);
  return requirementProblems(list, tests);
}

/** Exported for its test. */
export function requirementProblems(list: string, tests: ReadonlyMap<string, string>): readonly string[] {
  const listed = readRequirements(list);
  const named = new Map<string, string>();
  const counted = new Set<string>();
  for (const [path, text] of tests) {
    for (const { id, counts } of requirementsOfTests(path, text)) {
      named.set(id, path);
      if (counts) counted.add(id);
    }
  }
  const unknown = [...named].filter(([id]) => !listed.has(id));
  const untested = [...listed].filter(([id, covered]) => covered && !counted.has(id));
  return [
    ...unknown.map(
      ([id, path]) => `${path} names ${id}, which ${LIST} does not hold. Add its row, or correct the title.`,
    ),
    ...untested.map(
      ([id]) => `${LIST} says that ${id} is covered, and no test that always runs begins with it. Write that test.`,
    ),
  ];
}

/** The requirements of the list, and by their ids the files whose tests count for them. */
export function requirementsAndTests(): {
  readonly requirements: readonly ListedRequirement[];
  readonly testsOf: ReadonlyMap<string, readonly string[]>;
} {
  const list = readFiles(findFiles([LIST])).get(LIST) ?? "";
  const testsOf = new Map<string, string[]>();
  for (const [path, text] of [...readFiles(findFiles(TESTS))].sort(([one], [other]) => (one < other ? -1 : 1))) {
    for (const id of new Set(requirementsOfTests(path, text).flatMap(({ id, counts }) => (counts ? [id] : [])))) {
      testsOf.set(id, [...(testsOf.get(id) ?? []), path]);
    }
  }
  return { requirements: rowsOf(list), testsOf };
}

/** Each requirement of the list's tables, and whether its Status cell says "covered". */
function readRequirements(text: string): ReadonlyMap<string, boolean> {
  return new Map(rowsOf(text).map(({ id, covered }) => [id, covered]));
}

function rowsOf(text: string): readonly ListedRequirement[] {
  const found: ListedRequirement[] = [];
  let status = -1;
  for (const line of text.split("\n")) {
    if (!line.trimStart().startsWith("|")) continue;
    const row = line.trim().replace(/^\||\|$/g, "");
    const cells = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const header = cells.findIndex((cell) => cell.toLowerCase() === "status");
    if (header >= 0) status = header;
    const id = cells[0]?.replaceAll(/[*`]/g, "") ?? "";
    const covered = /^[*`_]*covered\b/i.test(cells.at(status) ?? "");
    if (ID.test(id)) found.push({ id, text: cells[1] ?? "", covered });
  }
  return found;
}

interface NamedRequirement {
  readonly id: string;
  /** The test runs wherever the suite does, and fails when what it says is not so. */
  readonly counts: boolean;
}

/** The requirements at the beginning of tests' titles. */
function requirementsOfTests(path: string, text: string): readonly NamedRequirement[] {
  const found: NamedRequirement[] = [];
  function visit(node: ts.Node, groupCounts: boolean): void {
    let inner = groupCounts;
    if (ts.isCallExpression(node)) {
      const [word = "", ...modifiers] = calleeWords(node.expression);
      const counts = groupCounts && modifiers.every((modifier) => PLAIN_MODIFIERS.includes(modifier)) && isPlain(node);
      if (TEST_WORDS.includes(word)) found.push(...idsOfTitle(node).map((id) => ({ id, counts })));
      if (GROUP_WORDS.includes(word)) inner = counts;
    }
    ts.forEachChild(node, (child) => visit(child, inner));
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest), true);
  return found;
}

function idsOfTitle(call: ts.CallExpression): readonly string[] {
  const title = call.arguments[0];
  if (title === undefined) return [];
  const text = ts.isStringLiteralLike(title) ? title.text : ts.isTemplateExpression(title) ? title.head.text : "";
  return IDS_OF_TITLE.exec(text)?.[0].match(/[A-Z]\d+/g) ?? [];
}

/** Whether no option such as `{ skip: true }` stands beside the title. */
function isPlain(call: ts.CallExpression): boolean {
  const names = call.arguments
    .filter(ts.isObjectLiteralExpression)
    .flatMap(({ properties }) =>
      properties.map(({ name }) => (name !== undefined && ts.isIdentifier(name) ? name.text : "")),
    );
  return !names.some((name) => OPTIONS_THAT_SKIP.includes(name));
}

/** `test.each(rows)(…)` → test, each. */
function calleeWords(callee: ts.Expression): readonly string[] {
  if (ts.isIdentifier(callee)) return [callee.text];
  if (ts.isCallExpression(callee)) return calleeWords(callee.expression);
  if (ts.isTaggedTemplateExpression(callee)) return calleeWords(callee.tag);
  return ts.isPropertyAccessExpression(callee) ? [...calleeWords(callee.expression), callee.name.text] : [];
}
