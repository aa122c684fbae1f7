import type { Attack, HostileAttack } from "./attack.ts";
import { apiAttacks } from "./attacks/api.ts";
import { authorizationAttacks } from "./attacks/authorization.ts";
import { discoveryAttacks } from "./attacks/discovery.ts";
import { idTokenAttacks } from "./attacks/id-token.ts";
import { idTokenSignatureAttacks } from "./attacks/id-token-signature.ts";
import { keyAttacks } from "./attacks/keys.ts";
import { refreshAttacks } from "./attacks/refresh.ts";
import { revocationAttacks } from "./attacks/revocation.ts";
import { tokenResponseAttacks } from "./attacks/token-response.ts";
import { transportAttacks } from "./attacks/transport.ts";
import { userinfoAttacks } from "./attacks/userinfo.ts";

const attacks: readonly Attack[] = [
  ...discoveryAttacks,
  ...authorizationAttacks,
  ...idTokenAttacks,
  ...idTokenSignatureAttacks,
  ...keyAttacks,
  ...tokenResponseAttacks,
  ...transportAttacks,
  ...userinfoAttacks,
  ...refreshAttacks,
  ...revocationAttacks,
  ...apiAttacks,
];

/** All attacks that `startHostileProvider` knows, each under a name of its own. */
export const hostileAttacks: readonly HostileAttack[] = attacks.map(withoutTampering);

export function attackNamed(name: string): Attack {
  const attack = attacks.find((known) => known.name === name);
  if (attack === undefined) throw new Error(`There is no hostile attack of the name ${name}.`);
  return attack;
}

export function withoutTampering({ tampering: _, ...data }: Attack): HostileAttack {
  return data;
}
