import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findSecrets, type MarkedSecret, type SecretForm } from "./find-secrets.ts";

const secret: MarkedSecret = { name: "token", value: 'm4rked/"sec ret"\\+é🗝~?>?~>??~' };

/** Ways in which something writes a secret down, and what they may be found as. */
const writings: Readonly<Record<string, { readonly form: SecretForm; readonly write: (secret: string) => string }>> = {
  "as it is": { form: "raw", write: (text) => text },
  "in base64": { form: "base64", write: (text) => Buffer.from(text).toString("base64") },
  "in base64, one byte later": { form: "base64", write: (text) => Buffer.from(`{${text}}`).toString("base64") },
  "in base64, two bytes later": { form: "base64", write: (text) => Buffer.from(`{"${text}"}`).toString("base64") },
  "in base64url": { form: "base64url", write: (text) => Buffer.from(text).toString("base64url") },
  "in base64url, one byte later": {
    form: "base64url",
    write: (text) => Buffer.from(`{${text}}`).toString("base64url"),
  },
  "in base64url, two bytes later": {
    form: "base64url",
    write: (text) => Buffer.from(`{"${text}"}`).toString("base64url"),
  },
  "in hexadecimal": { form: "hex", write: (text) => Buffer.from(text).toString("hex") },
  "in capital hexadecimal": { form: "hex", write: (text) => Buffer.from(text).toString("hex").toUpperCase() },
  "in a URL": { form: "url", write: encodeURIComponent },
  "in a URL, encoded twice": { form: "url", write: (text) => encodeURIComponent(encodeURIComponent(text)) },
  "in a form": { form: "url", write: (text) => new URLSearchParams({ text }).toString().slice("text=".length) },
  "in a form within a form": {
    form: "url",
    write: (text) => new URLSearchParams({ text: new URLSearchParams({ text }).toString() }).toString(),
  },
  "in a URL, every byte": {
    form: "url",
    write: (text) => Buffer.from(text).toString("hex").replace(/../g, "%$&"),
  },
  "in JSON": { form: "json", write: JSON.stringify },
  "in JSON within JSON": { form: "json", write: (text) => JSON.stringify(JSON.stringify(text)) },
  "in JSON of ASCII": {
    form: "json",
    write: (text) =>
      JSON.stringify(text).replace(
        /[^ -~]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
      ),
  },
};

test.each(Object.entries(writings))("a secret %s is found, where it begins", (_, { form, write }) => {
  const found = findSecrets(`before ${write(secret.value)} after`, [secret]);
  expect(found.map((one) => one.form)).toContain(form);
  for (const { name, at } of found) expect([name, at >= 7]).toEqual(["token", true]);
});

test("a secret that reads the same in several forms is told of once in each place", () => {
  const value = "abcdefgh12345678";
  expect(findSecrets(`${value} ${JSON.stringify(value)}`, [{ name: "plain", value }])).toEqual([
    { name: "plain", form: "raw", at: 0 },
    { name: "plain", form: "raw", at: 18 },
  ]);
});

test("places in text are counted in bytes", () => {
  expect(findSecrets("é🗝abcdefgh", [{ name: "one", value: "abcdefgh" }])).toEqual([
    { name: "one", form: "raw", at: 6 },
  ]);
});

test("several secrets are each told of by name", () => {
  const secrets = ["one", "two", "three"].map((name) => ({ name, value: `value-of-${name}` }));
  const found = findSecrets("value-of-two, value-of-one, value-of-four", secrets);
  expect(found.map(({ name }) => name)).toEqual(["one", "two"]);
});

test("a secret that would be found by chance is refused", () => {
  expect(() => findSecrets("", [{ name: "short", value: "1234567" }])).toThrow("8 bytes");
});

describe("of random secrets in random noise", () => {
  const noise = fc.uint8Array({ maxLength: 400 });
  const secretText = fc
    .oneof(
      fc.string({ minLength: 16, maxLength: 60 }),
      fc.string({ minLength: 16, maxLength: 60, unit: "binary" }),
      fc.string({ minLength: 16, maxLength: 60, unit: "grapheme" }),
      fc.uint8Array({ minLength: 16, maxLength: 48 }).map((bytes) => Buffer.from(bytes).toString("base64url")),
    )
    .filter((text) => text.isWellFormed() && new Set(text).size > 6);

  test.each(Object.entries(writings))("each is found %s", (_, { write }) => {
    fc.assert(
      fc.property(noise, secretText, noise, (before, value, after) => {
        const place = Buffer.concat([before, Buffer.from(write(value)), after]);
        expect(findSecrets(place, [{ name: "planted", value }])).not.toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test("none is found that is not there", () => {
    const anywhere = fc.oneof(noise, fc.string({ maxLength: 400 }), fc.string({ maxLength: 400, unit: "binary" }));
    fc.assert(
      fc.property(anywhere, (place) => {
        const value = randomBytes(16).toString("base64url");
        expect(findSecrets(place, [{ name: "absent", value }])).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test("a secret that lacks a character, or has another one, is not found", () => {
    fc.assert(
      fc.property(secretText, fc.nat(), (value, number) => {
        // What is URL-encoded is also read as if it were not: "%78" holds a "%", and begins an "8".
        fc.pre(!/%|^[0-9A-Fa-f]/.test(value));
        const characters = [...value];
        const at = number % characters.length;
        const other = characters[at] === "x" ? "y" : "x";
        const changed = [...characters.slice(0, at), other, ...characters.slice(at + 1)].join("");
        for (const { write } of Object.values(writings)) {
          const found = findSecrets(write(changed), [{ name: "other", value }]);
          expect(found.filter(({ form }) => form !== "base64" && form !== "base64url")).toEqual([]);
        }
      }),
      { numRuns: 50 },
    );
  });
});
