import { Buffer } from "node:buffer";

/** A value that must be nowhere, under a name that may be shown. */
export interface MarkedSecret {
  readonly name: string;
  readonly value: string;
}

/** How a secret was written where it was found. */
export type SecretForm = "raw" | "base64" | "base64url" | "hex" | "url" | "json";

export interface FoundSecret {
  /** The name of the secret, never its value: it goes into a test's message. */
  readonly name: string;
  readonly form: SecretForm;
  /** Where it begins, in bytes; of text in bytes of its UTF-8. */
  readonly at: number;
}

const minimumBytes = 8;

/**
 * Finds secrets in a text or in bytes such as those of a database's files: as they are, in base64 and base64url wherever
 * they begin in what was encoded, in hexadecimal, URL-encoded (once or more often, whichever characters are) and escaped in
 * JSON (also in JSON within JSON). Each place is told once for each form. Throws for a secret of less than 8 bytes, which
 * would be found by chance.
 */
export function findSecrets(place: string | Uint8Array, secrets: readonly MarkedSecret[]): readonly FoundSecret[] {
  // One character for each byte, so that a pattern finds bytes.
  const text = Buffer.from(place).toString("latin1");
  return secrets.flatMap(({ name, value }) =>
    patternsOf(value).flatMap(({ form, pattern }) =>
      [...text.matchAll(pattern)].map(({ index }): FoundSecret => ({ name, form, at: index })),
    ),
  );
}

interface Pattern {
  readonly form: SecretForm;
  readonly pattern: RegExp;
}

function patternsOf(secret: string): readonly Pattern[] {
  const bytes = Buffer.from(secret);
  if (bytes.length < minimumBytes) throw new Error(`A secret to be found has ${minimumBytes} bytes at least.`);
  const raw = literal(bytes);
  const base64 = [0, 1, 2].map((before) => base64Of(bytes, before));
  const base64url = base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"));
  const hex = bytes.toString("hex");
  return [
    { form: "raw", pattern: new RegExp(raw, "g") },
    // Where no character tells the two alphabets apart it is called base64.
    { form: "base64", pattern: anyOf(base64) },
    ...base64url
      .filter((text) => !base64.includes(text))
      .map((text): Pattern => ({ form: "base64url", pattern: anyOf([text]) })),
    { form: "hex", pattern: anyOf([hex, hex.toUpperCase()]) },
    // What is as it is has been told of already.
    { form: "url", pattern: new RegExp(`(?!${raw})${urlEncoded(bytes)}`, "g") },
    { form: "json", pattern: new RegExp(`(?!${raw})${[...secret].map(jsonEscaped).join("")}`, "g") },
  ];
}

function anyOf(texts: readonly string[]): RegExp {
  return new RegExp(texts.map((text) => literal(Buffer.from(text))).join("|"), "g");
}

function literal(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `\\x${hexOf(byte)}`).join("");
}

/** The characters that depend on nothing but the secret, where so many bytes stand before it. */
function base64Of(bytes: Buffer, before: number): string {
  const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
  return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
}

/** Each byte as it is or after a percent sign, which may be encoded again; a space may have become a plus. */
function urlEncoded(bytes: Uint8Array): string {
  const percent = "%(?:25)*";
  return [...bytes]
    .map((byte) => {
      const forms = [`\\x${hexOf(byte)}`, `${percent}${anyCase(hexOf(byte))}`];
      if (byte === 0x20) forms.push("\\+", `${percent}2[Bb]`);
      return `(?:${forms.join("|")})`;
    })
    .join("");
}

/** RFC 8259, section 7: as it is, in the short form or by its code units; backslashes are doubled with each nesting. */
function jsonEscaped(character: string): string {
  if (character === "\\") return "(?:\\\\+u005[Cc]|\\\\+)";
  const forms = [literal(Buffer.from(character))];
  const short = shortEscapes[character];
  if (short !== undefined) forms.push(`\\\\+${short}`);
  forms.push(
    Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
      .map((unit) => `\\\\+u${anyCase(unit.toString(16).padStart(4, "0"))}`)
      .join(""),
  );
  return `(?:${forms.join("|")})`;
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '"',
  "/": "/",
  "\b": "b",
  "\f": "f",
  "\n": "n",
  "\r": "r",
  "\t": "t",
};

function anyCase(hex: string): string {
  return hex.replace(/[a-f]/g, (digit) => `[${digit.toUpperCase()}${digit}]`);
}

function hexOf(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
