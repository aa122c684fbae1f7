import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readOrCreateSecret } from "./secret-file.ts";

let path: string;

beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), "grantkeeper-sample-")), "example.key");
});
afterEach(() => rm(join(path, ".."), { recursive: true }));

test("a secret is made once, and for its user only", async () => {
  expect(await readOrCreateSecret(path, () => "first")).toBe("first");
  expect(await readOrCreateSecret(path, () => "second")).toBe("first");
  expect((await stat(path)).mode & 0o077).toBe(0);
});

test("an empty file is no secret", async () => {
  await writeFile(path, "\n");
  await expect(readOrCreateSecret(path, () => "secret")).rejects.toThrow(`${path} is empty.`);
});
