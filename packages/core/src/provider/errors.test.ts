import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../errors.ts";
import { secretOf } from "../secret.ts";
import { describe as describeError, printable, tokenRequestError, withoutSecrets } from "./errors.ts";

const now = Date.UTC(2026, 10, 23, 12);

/** What must not get from remote text into a line of a log. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

describe("withoutSecrets", () => {
  test("R54 takes secrets out of an error and its description, one that another begins with too", () => {
    const error = { error: "bad-secret", errorDescription: "no secret-word, no secret" };
    const secrets = [secretOf("secret"), undefined, secretOf("secret-word"), secretOf("")];
    expect(withoutSecrets(error, secrets)).toEqual({
      error: "bad-[redacted]",
      errorDescription: "no [redacted], no [redacted]",
    });
    expect(withoutSecrets({ error: "a" }, secrets)).toEqual({ error: "a" });
  });
});

describe("printable", () => {
  test("leaves plain text as it is", () => {
    const text = "The client is not known (see https://docs.example.com/errors).";
    expect(printable(text)).toBe(text);
  });

  test.each([
    ["a\r\nlevel=error forged", "a level=error forged"],
    ["a\nb\rc", "a b c"],
    ["a\tb\u0000c\u007fd", "a b c d"],
    ["a\u2028b\u2029c\u0085d", "a b c d"],
    ["\u001b[31mred\u001b[0m", " [31mred [0m"],
    ["\u009b31mred", " 31mred"],
    ["\u001b]0;title\u0007", " ]0;title "],
  ])("R55 makes one line without control characters of %j", (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  test("R55 no control character comes through, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 500 }), (text) => {
        expect(printable(text)).not.toMatch(control);
      }),
      { numRuns: 1_000 },
    );
  });

  test("R12 is short", () => {
    expect(printable("word ".repeat(1_000))).toHaveLength(201);
    expect(printable("word ".repeat(1_000), 10)).toBe("word word …");
  });

  test.each([
    "gho_16C7e42F292c6912E7710c838347Ae178B4a",
    "xoxb-1234567890-abcdefghij",
    "ya29.a0AfH6SMBx1",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "4/0AX4XfWh-abc_def",
    "c2VjcmV0LXNlY3JldA1==",
    "00D50000000IZ3Z%21AQ0AQDpEDKYsn7ioKug2aSmgCjgrPjG9",
  ])("R54 redacts %s", (token) => {
    expect(printable(`The token ${token} is not valid`)).toBe("The token [redacted] is not valid");
    expect(printable(`token=${token}&x`)).not.toContain(token);
    expect(printable(`"${token}"`)).toBe('"[redacted]"');
  });

  test("R54 redacts a shorter run that mixes cases as only random text does, and leaves words", () => {
    expect(printable("token aBcDeFgHiJkLmNoPqRsTuV")).toBe("token [redacted]");
    expect(printable("error invalid_refresh_token")).toBe("error invalid_refresh_token");
  });

  test("R54 redacts a run that is too long for a word, though it has no digit", () => {
    expect(printable("token AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGhIjKlMnOpQ refused")).toBe("token [redacted] refused");
  });

  test("R54 no random token comes through in any encoding, wherever it stands", () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const encoding = fc.constantFrom<BufferEncoding[]>("base64url", "base64", "hex");
    const around = fc.string({ unit: fc.constantFrom("a", " ", '"', "\n", "(", ",") });
    fc.assert(
      fc.property(bytes, encoding, around, around, (secret, name, before, after) => {
        const token = Buffer.from(secret).toString(name);
        expect(printable(`${before} ${token} ${after}`, 10_000)).not.toContain(token.slice(0, 16));
      }),
      { numRuns: 2_000 },
    );
  });

  test("R58 looks at no more than the beginning of a long text", () => {
    const looked: number[] = [];
    const long = Object.assign(Object.create(String.prototype) as string, {
      slice: (start: number, end: number) => {
        looked.push(end - start);
        return "a ".repeat((end - start) / 2);
      },
    });
    expect(printable(long)).toHaveLength(201);
    expect(looked).toEqual([2_000]);
  });
});

describe("describe", () => {
  test.each([
    [{ error: "invalid_client" }, "invalid_client"],
    [{ error: "invalid_client", errorDescription: "Not known." }, "invalid_client (Not known.)"],
    [{ error: "invalid_grant", errorDescription: "a\r\nb" }, "invalid_grant (a b)"],
    [{ error: "a b" }, "an unreadable error"],
    [{ error: "" }, "an unreadable error"],
    [{ error: "a\r\nlevel=error" }, "an unreadable error"],
    [{ error: "x".repeat(65) }, "an unreadable error"],
    [{ error: "e", errorDescription: "code 4/0AX4XfWh-abc is spent" }, "e (code [redacted] is spent)"],
  ])("R12 writes %j as %j", (error, expected) => {
    expect(describeError(error)).toBe(expected);
  });

  test("R55 gives one short line, whatever the provider says", () => {
    const text = fc.string({ unit: "binary", maxLength: 3_000 });
    fc.assert(
      fc.property(text, text, (error, errorDescription) => {
        const line = describeError({ error, errorDescription });
        expect(line).not.toMatch(control);
        expect(line.length).toBeLessThan(300);
      }),
    );
  });
});

describe("tokenRequestError", () => {
  const cause = new Error("below");
  const retryAt = new Date(now + 9_000);

  test.each<[Parameters<typeof tokenRequestError>[0], ErrorCode, Date | undefined]>([
    [{ kind: "rejected", error: { error: "invalid_client" } }, "provider_rejected", undefined],
    [{ kind: "throttled", status: 429, retryAt }, "provider_unavailable", retryAt],
    [{ kind: "unsent", cause }, "provider_unavailable", new Date(now + 5_000)],
    [{ kind: "ambiguous", answered: true, cause, retryAt }, "provider_unavailable", retryAt],
    [{ kind: "invalid", cause, refreshTokens: { default: secretOf("s3cr3t") } }, "invalid_response", undefined],
  ])("F12 %j is %s", (outcome, code, at) => {
    const error = tokenRequestError(outcome, "github", now);
    expect(error).toMatchObject({ code, connector: "github", retryAt: at });
    expect(`${error.message} ${JSON.stringify(error)}`).not.toContain("s3cr3t");
  });

  test("R54 the provider's description comes redacted", () => {
    const error = { error: "invalid_client", errorDescription: "secret 5f4dcc3b5aa765d61d83 is wrong\r\n" };
    expect(tokenRequestError({ kind: "rejected", error }, "github", now).message).toContain(
      "invalid_client (secret [redacted] is wrong ).",
    );
  });
});
