import { readAuthorizationResponse } from "../packages/core/src/flow/authorization-response.ts";
import { createBrowserBinding } from "../packages/core/src/flow/browser-binding.ts";
import { checkReturnTo } from "../packages/core/src/flow/return-to.ts";
import { parseChallenges } from "../packages/core/src/provider/challenge.ts";
import { resolveUrl } from "../packages/core/src/provider/described-request.ts";
import { describe, printable } from "../packages/core/src/provider/errors.ts";
import { retryAfter } from "../packages/core/src/provider/http.ts";
import { normaliseTokenResponse, parseBody, splitScopes } from "../packages/core/src/provider/token-response.ts";

// What each parser takes for 1 MiB of the worst that can be sent, as a multiple of eight times what it takes for 128 KiB:
// about 1 where the work grows with the length, 8 where it grows with its square.

const bound = 3;
const rounds = 9;
const kibibyte = 1024;
const small = 128 * kibibyte;
const large = 1024 * kibibyte;
/** What takes less is too short to be compared, and no trouble. */
const negligibleMs = 1;

const callbackUrl = new URL("https://app.example.com/connect");
const binding = createBrowserBinding(callbackUrl);
const server = { apiBaseUrl: "https://api.example.com/v1" } as Parameters<typeof resolveUrl>[0];
const form = "application/x-www-form-urlencoded";

const parsers: Readonly<Record<string, (text: string) => unknown>> = {
  parseBody: (text) => parseBody("application/json", text),
  "parseBody of a form": (text) => parseBody(form, text),
  "parseBody of a list": (text) => parseBody("application/json", `[${text}]`),
  "parseBody's content type": (text) => parseBody(text, "no JSON"),
  normaliseTokenResponse: (text) =>
    normaliseTokenResponse({
      access_token: text,
      refresh_token: text,
      token_type: text,
      scope: text,
      expires_in: text,
    }),
  splitScopes,
  printable: (text) => printable(text),
  describe: (text) => describe({ error: text, errorDescription: text }),
  retryAfter: (text) => retryAfter({ get: () => text } as unknown as Headers, 0),
  parseChallenges: (text) => parseChallenges(`Bearer a="b", ${text}`),
  resolveUrl: (text) => resolveUrl(server, text),
  checkReturnTo: (text) => attempt(() => checkReturnTo(`/${text}`, callbackUrl, [])),
  readAuthorizationResponse: (text) =>
    readAuthorizationResponse({ url: `/connect/a/callback?${text}` }, callbackUrl).catch(() => undefined),
  "the browser's cookies": (text) => binding.read({ get: () => text }),
};

/** Pieces of a text that is all alike, and texts that end in what makes a search start again. */
const inputs: Readonly<Record<string, (length: number) => string>> = {
  commas: (length) => ",".repeat(length),
  spaces: (length) => `${" ".repeat(length - 1)}x`,
  quotes: (length) => '"'.repeat(length),
  backslashes: (length) => `"${"\\".repeat(length - 1)}`,
  "percent signs": (length) => "%".repeat(length),
  "encoded percent signs": (length) => "%25".repeat(length / 3),
  "nested lists": (length) => "[".repeat(length / 2) + "]".repeat(length / 2),
  "nested objects": (length) => `${'{"a":'.repeat(length / 6)}1${"}".repeat(length / 6)}`,
  "unclosed lists": (length) => "[".repeat(length),
  "empty lists": (length) => `[${"[],".repeat(length / 3)}[]]`,
  slashes: (length) => `${"/".repeat(length - 1)}x`,
  letters: (length) => "aB".repeat(length / 2),
  digits: (length) => "9".repeat(length),
  pairs: (length) => "a=b,".repeat(length / 4),
  fields: (length) => "a=b&".repeat(length / 4),
  cookies: (length) => "a=b; ".repeat(length / 5),
  "control characters": (length) => "\r\n\u001b".repeat(length / 3),
  "half surrogate pairs": (length) => "\ud800".repeat(length),
};

function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

/** Milliseconds of the processor for one call, which other programs do not lengthen. */
async function time(parse: (text: string) => unknown, bytes: Buffer): Promise<number> {
  // Made anew, since the engine remembers what it has split or searched before.
  const text = bytes.toString("utf16le");
  const from = process.cpuUsage();
  await parse(text);
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e3;
}

/** The median of some rounds, in each of which the eight short calls stand beside the long one. */
async function measure(parse: (text: string) => unknown, make: (length: number) => string): Promise<Measured> {
  const short = Buffer.from(make(small), "utf16le");
  const long = Buffer.from(make(large), "utf16le");
  const times: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    let eight = 0;
    for (let count = 0; count < 8; count++) eight += await time(parse, short);
    const ms = await time(parse, long);
    times.push({ ms, ratio: ms / eight });
  }
  return { ms: median(times.map(({ ms }) => ms)), ratio: median(times.map(({ ratio }) => ratio)) };
}

interface Measured {
  readonly ms: number;
  readonly ratio: number;
}

function median(numbers: number[]): number {
  return numbers.sort((one, other) => one - other)[(rounds - 1) / 2] ?? Number.NaN;
}

const round = (value: number): number => Math.round(value * 100) / 100;
for (const [parser, parse] of Object.entries(parsers)) {
  const worst = { input: "", ms: 0, ratio: 0 };
  for (const [input, make] of Object.entries(inputs)) {
    const { ms, ratio } = await measure(parse, make);
    const comparable = ms >= negligibleMs ? ratio : 0;
    if (comparable > worst.ratio || (worst.ratio === 0 && ms > worst.ms))
      Object.assign(worst, { input, ms, ratio: comparable });
  }
  const report = {
    benchmark: "parsers",
    parser,
    input: worst.input,
    ms: round(worst.ms),
    ratio: round(worst.ratio),
    bound,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  if (worst.ratio > bound) process.exitCode = 1;
}
