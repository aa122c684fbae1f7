import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Grant } from "../grant/grant.ts";
import { secretOf } from "../secret.ts";
import { codeOf } from "../test/errors.ts";
import { plain } from "../test/plain.ts";
import { vaultsOfOneStore } from "../test/vaults.ts";
import { generateKey } from "../vault/keyring.ts";
import { createFileJournal } from "./file-journal.ts";
import type { Journal, JournalEntry } from "./journal.ts";

const vault = vaultsOfOneStore()({ id: "test", secret: generateKey() });

const grant: Grant = {
  connector: "example",
  owner: "ada@example.com",
  params: {},
  issuer: undefined,
  tokenEndpoint: "https://login.example.com/token",
  clientId: "client-1",
  tokenSets: {},
  requestedScopes: {},
  account: { id: "account-1001" },
  subject: undefined,
  metadata: {},
  ended: {},
  connectedAt: 1,
  refreshedAt: undefined,
};

function entry(change: Partial<JournalEntry> = {}): JournalEntry {
  return {
    connectionId: "con_a-B_1",
    grantId: "gnt_1",
    attemptId: "try_1",
    tokenSet: "default",
    refreshTokenHash: "hash",
    received: {
      default: {
        accessToken: secretOf("marked-access"),
        refreshToken: secretOf("marked-refresh"),
        tokenType: "Bearer",
        obtainedAt: 1,
        scopes: [],
      },
    },
    grant,
    ...change,
  };
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "grantkeeper-journal-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "journal");
}

function open(directory: string, own = vault): Journal {
  return createFileJournal({ directory, vault: own, now: Date.now });
}

test("F5 what one process has written another finds, by connection, until it is removed", async () => {
  const directory = newFolder();
  const [first, second] = [entry(), entry({ attemptId: "try_2" })];
  const other = entry({ connectionId: "con_a-B_12" });
  for (const one of [first, second, other]) await open(directory).write(one);
  const journal = open(directory);
  const byAttempt = (one: JournalEntry, two: JournalEntry) => one.attemptId.localeCompare(two.attemptId);
  expect(plain([...(await journal.find("con_a-B_1"))].sort(byAttempt))).toEqual(plain([first, second]));
  expect([...(await journal.connectionIds())].sort()).toEqual(["con_a-B_1", "con_a-B_12"]);
  await journal.remove(first);
  await journal.remove(first);
  expect(plain(await journal.find("con_a-B_1"))).toEqual(plain([second]));
  expect(await journal.find("con_none")).toEqual([]);
});

test("an attempt's later entry replaces its earlier one", async () => {
  const journal = open(newFolder());
  await journal.write(entry());
  await journal.write(entry({ refreshTokenHash: "another" }));
  expect(plain(await journal.find("con_a-B_1"))).toEqual(plain([entry({ refreshTokenHash: "another" })]));
});

test("a folder that is not there yet holds nothing", async () => {
  const journal = open(newFolder());
  expect(await journal.find("con_1")).toEqual([]);
  expect(await journal.connectionIds()).toEqual([]);
  await journal.remove(entry());
});

test("R54 its files show neither tokens nor owner nor account, and are for their user alone", async () => {
  const directory = newFolder();
  await open(directory).write(entry());
  expect(statSync(directory).mode & 0o077).toBe(0);
  for (const name of readdirSync(directory)) {
    expect(statSync(join(directory, name)).mode & 0o077).toBe(0);
    const text = readFileSync(join(directory, name)).toString("latin1");
    for (const secret of ["marked-access", "marked-refresh", grant.owner, "account-1001"])
      expect(text + name).not.toContain(secret);
  }
});

test("what a crash left of a write is no entry", async () => {
  const directory = newFolder();
  const journal = open(directory);
  await journal.write(entry());
  const [name = ""] = readdirSync(directory);
  writeFileSync(join(directory, `${name}.4711.new`), readFileSync(join(directory, name)).subarray(0, 20));
  expect(plain(await journal.find("con_a-B_1"))).toEqual(plain([entry()]));
  expect(await journal.connectionIds()).toEqual(["con_a-B_1"]);
});

test.each([
  ["of another key", (bytes: Buffer) => bytes, vaultsOfOneStore()({ id: "test", secret: generateKey() })],
  ["that was cut", (bytes: Buffer) => bytes.subarray(0, bytes.length - 1), vault],
  ["that is empty", () => Buffer.alloc(0), vault],
])("E9 an entry %s is an error, since it may hold a grant's only token", async (_, damage, keyring) => {
  const directory = newFolder();
  await open(directory).write(entry());
  const [name = ""] = readdirSync(directory);
  writeFileSync(join(directory, name), damage(readFileSync(join(directory, name))));
  expect(await codeOf(() => open(directory, keyring).find("con_a-B_1"))).toBe("decryption_failed");
});

test("E2 an entry under another's name does not open", async () => {
  const directory = newFolder();
  await open(directory).write(entry());
  const [name = ""] = readdirSync(directory);
  writeFileSync(join(directory, name.replace("con_a-B_1.", "con_2.")), readFileSync(join(directory, name)));
  expect(await codeOf(() => open(directory).find("con_2"))).toBe("decryption_failed");
});

test("F7 a folder that cannot be used rejects", async () => {
  const directory = newFolder();
  writeFileSync(directory, "a file");
  const journal = open(directory);
  expect(await codeOf(() => journal.write(entry()))).toBe("store_unavailable");
  expect(await codeOf(() => journal.find("con_1"))).toBe("store_unavailable");
});

test.each(["", "relative/folder", "./journal", undefined, 7])("a directory of %j is refused", (directory) => {
  const make = () => createFileJournal({ directory: directory as string, vault, now: Date.now });
  expect(make).toThrow(expect.objectContaining({ code: "invalid_config" }));
});
