import type { ErrorCode } from "@grantkeeper/core";
import { drip, endless, gzipBomb, hugeHeaders, raw, redirect, reset, silence, text, truncated } from "../answers.ts";
import type { Answer, Attack } from "../attack.ts";

interface Transport {
  readonly name: string;
  readonly summary: string;
  readonly requirement?: string;
  readonly expected: readonly ErrorCode[];
  readonly answer: Answer;
  readonly stalls?: true;
}

const unusable: readonly ErrorCode[] = ["invalid_response"];
/** Whether the provider has acted on the request cannot be known. */
const unknown: readonly ErrorCode[] = ["provider_unavailable"];

const okHead = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

const transports: readonly Transport[] = [
  { name: "endless-body", summary: "It does not end.", expected: unusable, answer: endless("a") },
  { name: "gzip-bomb", summary: "It is small, and large once inflated.", expected: unusable, answer: gzipBomb },
  {
    name: "slow-drip",
    summary: "It comes byte by byte, and never whole.",
    expected: unknown,
    answer: drip,
    stalls: true,
  },
  { name: "silence", summary: "Nothing comes.", expected: unknown, answer: silence, stalls: true },
  {
    name: "informational-flood",
    summary: "Early hints come, and nothing after them.",
    expected: unknown,
    answer: endless("HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n", { asBody: false }),
    stalls: true,
  },
  { name: "huge-headers", summary: "Its headers have a mebibyte.", expected: unknown, answer: hugeHeaders },
  {
    name: "endless-headers",
    summary: "Its headers do not end.",
    expected: unknown,
    answer: (exchange) => {
      exchange.request.socket.write(okHead);
      endless("x-padding: a\r\n", { asBody: false })(exchange);
    },
  },
  { name: "truncated", summary: "It is shorter than its content-length.", expected: unknown, answer: truncated },
  { name: "reset", summary: "The connection is reset.", expected: unknown, answer: reset },
  {
    name: "closed",
    summary: "The connection is closed.",
    expected: unknown,
    answer: ({ request }) => request.socket.destroy(),
  },
  {
    name: "invalid-chunk",
    summary: "A chunk has no length that can be read.",
    expected: unknown,
    answer: raw(`${okHead}transfer-encoding: chunked\r\n\r\nZZ\r\n{}\r\n`),
  },
  {
    name: "two-lengths",
    summary: "It has two lengths.",
    expected: unknown,
    answer: raw(`${okHead}content-length: 2\r\ncontent-length: 20\r\n\r\n{}`),
  },
  {
    name: "chunked-and-length",
    summary: "It is chunked, and has a length.",
    expected: [...unknown, ...unusable],
    answer: raw(`${okHead}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
  },
  {
    name: "not-http",
    summary: "It is not HTTP.",
    expected: unknown,
    answer: raw("220 mail.example.com ESMTP\r\n\r\n"),
  },
  ...[301, 302, 303, 307, 308].map((status) => ({
    name: `redirect-${status}`,
    summary: `It is at the bystander (${status}).`,
    requirement: "R23",
    expected: unusable,
    answer: redirect(status),
  })),
  {
    name: "html",
    summary: "It is a page.",
    requirement: "R36",
    expected: unusable,
    answer: text("<html><p>Sign in</p>"),
  },
  { name: "empty", summary: "It is empty.", requirement: "R36", expected: unusable, answer: text("") },
  {
    name: "no-content",
    summary: "It has no content (204).",
    requirement: "R36",
    expected: unusable,
    answer: text("", { status: 204 }),
  },
  ...["null", "[]", "[{}]", '"text"', "1", "true", "{", "{}"].map((body, index) => ({
    name: `body-${["null", "list", "list-of-objects", "text", "number", "true", "unfinished", "empty-object"][index]}`,
    summary: `It is ${body}.`,
    requirement: "R57",
    expected: unusable,
    answer: text(body, { type: "application/json" }),
  })),
  {
    name: "error-500",
    summary: "It is a page of a failure (500).",
    requirement: "F12",
    expected: unknown,
    answer: text("<html>", { status: 500 }),
  },
  {
    name: "too-many-requests-for-ever",
    summary: "It asks for patience until the end of days (429).",
    requirement: "H2",
    expected: unknown,
    answer: text("", { status: 429, headers: { "retry-after": "999999999999999999999" } }),
  },
  {
    name: "retry-after-of-nonsense",
    summary: "It asks for patience until a time that is none (503).",
    requirement: "H2",
    expected: unknown,
    answer: text("", { status: 503, headers: { "retry-after": `Wed, ${"9".repeat(8_000)}` } }),
  },
  {
    name: "error-that-tells-all",
    summary: "It is an error under status 200 that repeats secrets, with line breaks and colours of a terminal.",
    requirement: "R54",
    expected: ["provider_rejected"],
    answer: ({ form, world, response }) => {
      const said = [world.clientSecret, ...form.values()].join(" \r\n\u001b[31m");
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: "invalid_client", error_description: said, error_uri: said }));
    },
  },
  {
    name: "error-not-a-string",
    summary: "It is an error that is no text.",
    requirement: "R36",
    expected: unusable,
    answer: text('{"error":{"error":"invalid_grant"}}', { type: "application/json", status: 400 }),
  },
];

/** What goes wrong below the protocol, or beside it, at the token endpoint: of a code and of a refresh token. */
export const transportAttacks: readonly Attack[] = (["token", "refresh"] as const).flatMap((leg) =>
  transports.map(({ name, summary, requirement = "R29", expected, answer, ...rest }) => ({
    ...{ name: `${leg}-${name}`, requirement, leg, expected, ...rest },
    summary: `Answer to a ${leg === "token" ? "code" : "refresh token"}: ${summary}`,
    tampering: { answers: { [leg]: answer } },
  })),
);
