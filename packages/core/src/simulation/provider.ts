import type { Rotation } from "../connector/types.ts";

/**
 * How the provider treats a refresh token that was used. `strict-refuses` only refuses it; `strict` takes its reuse for a
 * theft and ends the grant, and so do the two with a grace once that is over.
 */
export const rotationModes = ["none", "strict", "strict-refuses", "until-used", "grace", "grace-short"] as const;
export type RotationMode = (typeof rotationModes)[number];

/** What a connector says of each mode. */
export const rotationOf: Readonly<Record<RotationMode, Rotation>> = {
  none: { kind: "none" },
  strict: { kind: "strict" },
  "strict-refuses": { kind: "strict" },
  "until-used": { kind: "untilUsed" },
  grace: { kind: "grace", windowSeconds: 24 * 60 * 60 },
  "grace-short": { kind: "grace", windowSeconds: 8 },
};

export type EndReason = "user" | "client" | "replaced" | "reuse";

export interface ProviderGrant {
  readonly account: number;
  readonly number: number;
  ended: EndReason | undefined;
}

export interface RefreshToken {
  readonly value: string;
  readonly grant: ProviderGrant;
  /** The one that it was given for; `undefined` for a consent's. */
  readonly parent: RefreshToken | undefined;
  firstUsedAt: number | undefined;
  /** Under `until-used`: whether something that was given for it has been used. */
  outlived: boolean;
}

export interface Issued {
  readonly accessToken: string;
  readonly refreshToken: RefreshToken;
}

export type Presentation =
  | { readonly kind: "issued"; readonly issued: Issued; readonly rotated: boolean }
  /** `reuse`: it was spent, and the rotation leaves it no more time. */
  | { readonly kind: "refused"; readonly token: RefreshToken | undefined; readonly reuse: boolean };

export interface Provider {
  readonly mode: RotationMode;
  /** A user's consent; `endsOthers` ends what the account has granted before. */
  consent(account: number, endsOthers: boolean): Issued;
  refresh(value: string, at: number): Presentation;
  /** An API call. */
  use(accessToken: string): void;
  end(grant: ProviderGrant, reason: EndReason): void;
  find(value: string): RefreshToken | undefined;
  /** What the token would be refused for; `undefined` while it would not. */
  whyDead(token: RefreshToken, at: number): EndReason | "spent" | undefined;
}

export function createProvider(mode: RotationMode): Provider {
  const grants: ProviderGrant[] = [];
  const tokens = new Map<string, RefreshToken>();
  /** For each access token what it was given for, and what came with it. */
  const origins = new Map<string, RefreshToken>();
  const rotation = rotationOf[mode];
  const windowMs = rotation.kind === "grace" ? rotation.windowSeconds * 1000 : 0;

  function issue(grant: ProviderGrant, parent: RefreshToken | undefined, keep?: RefreshToken): Issued {
    const serial = `${grant.account}-${grant.number}-${origins.size}`;
    const accessToken = `at-${serial}`;
    const refreshToken = keep ?? { value: `rt-${serial}`, grant, parent, firstUsedAt: undefined, outlived: false };
    tokens.set(refreshToken.value, refreshToken);
    origins.set(accessToken, refreshToken);
    return { accessToken, refreshToken };
  }

  function isSpent({ firstUsedAt, outlived }: RefreshToken, at: number): boolean {
    if (firstUsedAt === undefined || mode === "none") return false;
    if (mode === "until-used") return outlived;
    return rotation.kind !== "grace" || at - firstUsedAt >= windowMs;
  }

  function whyDead(token: RefreshToken, at: number): EndReason | "spent" | undefined {
    return token.grant.ended ?? (isSpent(token, at) ? "spent" : undefined);
  }

  return {
    mode,
    consent(account, endsOthers) {
      for (const grant of grants) if (endsOthers && grant.account === account) grant.ended ??= "replaced";
      const number = grants.filter((grant) => grant.account === account).length;
      const grant: ProviderGrant = { account, number, ended: undefined };
      grants.push(grant);
      return issue(grant, undefined);
    },
    refresh(value, at) {
      const token = tokens.get(value);
      if (token === undefined) return { kind: "refused", token, reuse: false };
      const reuse = isSpent(token, at);
      const dead = whyDead(token, at);
      if (reuse && mode !== "strict-refuses" && mode !== "until-used") token.grant.ended ??= "reuse";
      if (dead !== undefined) return { kind: "refused", token, reuse };
      if (mode === "none") return { kind: "issued", issued: issue(token.grant, undefined, token), rotated: false };
      token.firstUsedAt ??= at;
      // Its own parent was good until now.
      if (token.parent !== undefined) token.parent.outlived = true;
      return { kind: "issued", issued: issue(token.grant, token), rotated: true };
    },
    use(accessToken) {
      const parent = origins.get(accessToken)?.parent;
      if (parent !== undefined) parent.outlived = true;
    },
    end(grant, reason) {
      grant.ended ??= reason;
    },
    find: (value) => tokens.get(value),
    whyDead,
  };
}
