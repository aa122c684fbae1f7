import { drip, endless, hugeHeaders, redirect, reset, text } from "../answers.ts";
import type { Answer, Attack } from "../attack.ts";

/** Revocations that do not happen (RFC 7009, section 2.2): the connection is erased all the same, and nothing is thrown. */
export const revocationAttacks: readonly Attack[] = [
  attack("revocation-500", "It fails.", text("", { status: 500 })),
  attack("revocation-error", "It is refused.", text('{"error":"invalid_client"}', { status: 401 })),
  attack("revocation-redirect-302", "It is at the bystander.", redirect(302)),
  attack("revocation-redirect-307", "It is at the bystander, with the token.", redirect(307)),
  attack("revocation-redirect-308", "It is at the bystander, for good.", redirect(308)),
  attack("revocation-endless", "Its answer does not end.", endless("a")),
  attack("revocation-huge-headers", "Its answer has a mebibyte of headers.", hugeHeaders),
  attack("revocation-reset", "The connection is reset.", reset),
  { ...attack("revocation-slow-drip", "Its answer comes byte by byte, and never whole.", drip), stalls: true },
];

function attack(name: string, summary: string, revocation: Answer): Attack {
  return {
    ...{ name, requirement: "R51", leg: "revocation", expected: [] },
    summary: `Revocation: ${summary}`,
    tampering: { answers: { revocation } },
  };
}
