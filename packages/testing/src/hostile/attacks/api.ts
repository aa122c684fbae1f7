import type { ErrorCode } from "@grantkeeper/core";
import { raw, redirect, reset, text } from "../answers.ts";
import type { Answer, Attack } from "../attack.ts";

/** Answers of the API. An application gets them as they are; what counts is where the access token goes. */
export const apiAttacks: readonly Attack[] = [
  ...[301, 302, 303, 307, 308].map((status) =>
    attack(`api-redirect-${status}`, "R41", `It leads to another host (${status}).`, [], redirect(status)),
  ),
  attack("api-401-for-ever", "H8", "Every token is refused.", [], text("", { status: 401 })),
  attack(
    "api-401-with-huge-challenge",
    "R58",
    "Every token is refused, with a challenge of 12,000 characters.",
    [],
    text("", {
      status: 401,
      headers: { "www-authenticate": `Bearer ${'a="'.repeat(4_000)}` },
    }),
  ),
  attack("api-reset", "H1", "The connection is reset.", ["provider_unavailable"], reset),
  attack(
    "api-not-http",
    "H1",
    "The answer is not HTTP.",
    ["provider_unavailable"],
    raw("220 mail.example.com ESMTP\r\n\r\n"),
  ),
];

function attack(
  name: string,
  requirement: string,
  summary: string,
  expected: readonly ErrorCode[],
  api: Answer,
): Attack {
  return { name, requirement, leg: "api", expected, summary: `API: ${summary}`, tampering: { answers: { api } } };
}
