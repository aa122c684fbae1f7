import ts from "typescript";
import type { Say } from "./lib/check.ts";
import { findFiles, readFiles } from "./lib/workspace.ts";

export const name = "requirements";

const LIST = "docs/requirements.md";
const TESTS = ["**/*.test.ts", "packages/testing/src/**/*.ts"];
const ID = /^[REDFTWHI]\d+$/;
const IDS_OF_TITLE = /^(?:[REDFTWHI]\d+\b[\s,:]*)+/;

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
  for (const [path, text] of tests) for (const id of requirementsOfTests(path, text)) named.set(id, path);
  const unknown = [...named].filter(([id]) => !listed.has(id));
  const untested = [...listed].filter(([id, covered]) => covered && !named.has(id));
  return [
    ...unknown.map(([id, path]) => `${path} names ${id}, which ${LIST} does not hold. Add its row, or mend the title.`),
    ...untested.map(
      ([id]) => `${LIST} says that ${id} is covered, and no test's title begins with it. Write that test.`,
    ),
  ];
}

/** Each requirement of the list's tables, and whether its Status cell says "covered". */
function readRequirements(text: string): ReadonlyMap<string, boolean> {
  const found = new Map<string, boolean>();
  let status = -1;
  for (const line of text.split("\n")) {
    if (!line.trimStart().startsWith("|")) continue;
    const row = line.trim().replace(/^\||\|$/g, "");
    const cells = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const header = cells.findIndex((cell) => cell.toLowerCase() === "status");
    if (header >= 0) status = header;
    const id = cells[0]?.replaceAll(/[*`]/g, "") ?? "";
    if (ID.test(id)) found.set(id, /^[*`_]*covered\b/i.test(cells.at(status) ?? ""));
  }
  return found;
}

/** The requirements at the beginning of titles of tests that are not skipped. */
function requirementsOfTests(path: string, text: string): readonly string[] {
  const ids: string[] = [];
  function visit(node: ts.Node): void {
    if (ts.isCallExpression(node)) ids.push(...requirementsOfTitle(node));
    ts.forEachChild(node, visit);
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return ids;
}

function requirementsOfTitle(call: ts.CallExpression): readonly string[] {
  const callee = calleeWords(call.expression);
  const isTestCall = callee.some((word) => word === "test" || word === "it");
  if (!isTestCall || callee.includes("skip") || callee.includes("todo")) return [];
  const title = call.arguments[0];
  if (title === undefined) return [];
  const text = ts.isStringLiteralLike(title) ? title.text : ts.isTemplateExpression(title) ? title.head.text : "";
  return IDS_OF_TITLE.exec(text)?.[0].match(/[A-Z]\d+/g) ?? [];
}

/** `test.each(rows)(…)` → test, each. */
function calleeWords(callee: ts.Expression): readonly string[] {
  if (ts.isIdentifier(callee)) return [callee.text];
  if (ts.isCallExpression(callee)) return calleeWords(callee.expression);
  if (ts.isTaggedTemplateExpression(callee)) return calleeWords(callee.tag);
  return ts.isPropertyAccessExpression(callee) ? [...calleeWords(callee.expression), callee.name.text] : [];
}
