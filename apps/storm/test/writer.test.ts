import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { beginHistory, createWriter, readWritten } from "../src/history/writer.ts";

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "grantkeeper-history-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "process-1.1.jsonl");
}

test("a process that was killed before it said anything has an empty history", () => {
  const file = beginHistory(newFile());
  expect(readWritten("1.1", file)).toEqual({ process: "1.1", events: [] });
});

test("what was written is read back", () => {
  const file = beginHistory(newFile());
  const writer = createWriter(file);
  const event = { kind: "given", at: 1, connection: "con_1", access: "a" } as const;
  writer.write(event);
  writer.close();
  expect(readWritten("1.1", file).events).toEqual([event]);
});
