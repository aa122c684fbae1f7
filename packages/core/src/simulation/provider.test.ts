import { describe, expect, test } from "vitest";
import {
  createProvider,
  type Provider,
  type RefreshToken,
  type RotationMode,
  rotationModes,
  rotationOf,
} from "./provider.ts";

const second = 1_000;

/** A provider, a consent's refresh token, and what its first use gave. */
function used(mode: RotationMode): {
  provider: Provider;
  first: RefreshToken;
  next: RefreshToken;
  accessToken: string;
} {
  const provider = createProvider(mode);
  const first = provider.consent(0, false).refreshToken;
  const presentation = provider.refresh(first.value, 0);
  if (presentation.kind !== "issued") throw new Error("a new refresh token was refused");
  const { refreshToken, accessToken } = presentation.issued;
  return { provider, first, next: refreshToken, accessToken };
}

const outcome = (provider: Provider, token: RefreshToken, at = 0): string => {
  const presentation = provider.refresh(token.value, at);
  return presentation.kind === "issued" ? "issued" : presentation.reuse ? "reuse" : "refused";
};

test.for(rotationModes)("under %s the newest refresh token is good, and names those that it comes of", (mode) => {
  const { provider, first, next } = used(mode);
  expect(provider.whyDead(next, 0)).toBeUndefined();
  expect(mode === "none" ? next : next.parent).toBe(first);
  expect(outcome(provider, next)).toBe("issued");
});

describe("a spent refresh token", () => {
  test("goes on under none", () => {
    const { provider, first } = used("none");
    expect([outcome(provider, first), outcome(provider, first)]).toEqual(["issued", "issued"]);
  });

  test("ends the grant under strict, the newest one included", () => {
    const { provider, first, next } = used("strict");
    expect(provider.whyDead(first, 0)).toBe("spent");
    expect(outcome(provider, first)).toBe("reuse");
    expect(provider.whyDead(next, 0)).toBe("reuse");
    expect(outcome(provider, next)).toBe("refused");
  });

  test("is only refused under strict-refuses", () => {
    const { provider, first, next } = used("strict-refuses");
    expect(outcome(provider, first)).toBe("reuse");
    expect(outcome(provider, next)).toBe("issued");
  });

  test("lives under until-used until its successor is used", () => {
    const { provider, first, next } = used("until-used");
    expect(outcome(provider, first)).toBe("issued");
    expect(outcome(provider, next)).toBe("issued");
    expect(outcome(provider, first)).toBe("reuse");
    expect(next.grant.ended).toBeUndefined();
  });

  test("lives under until-used until the access token beside its successor is used", () => {
    const { provider, first, accessToken } = used("until-used");
    provider.use(accessToken);
    expect(outcome(provider, first)).toBe("reuse");
  });

  test("lives under grace for its window, counted from its first use, and ends the grant after that", () => {
    const { rotation, mode } = { rotation: rotationOf["grace-short"], mode: "grace-short" } as const;
    const windowMs = rotation.kind === "grace" ? rotation.windowSeconds * second : 0;
    const { provider, first, next } = used(mode);
    expect(outcome(provider, first, windowMs - 1)).toBe("issued");
    expect(outcome(provider, first, windowMs)).toBe("reuse");
    expect(provider.whyDead(next, windowMs)).toBe("reuse");
  });
});

describe("a grant", () => {
  test("ends once, for the first reason", () => {
    const { provider, next } = used("strict");
    provider.end(next.grant, "user");
    provider.end(next.grant, "client");
    expect(provider.whyDead(next, 0)).toBe("user");
    expect(outcome(provider, next)).toBe("refused");
  });

  test("is one of several of its account, unless a consent ends the others", () => {
    const { provider, next } = used("strict");
    const second = provider.consent(0, false).refreshToken;
    const elsewhere = provider.consent(1, false).refreshToken;
    expect(provider.whyDead(next, 0)).toBeUndefined();
    const third = provider.consent(0, true).refreshToken;
    expect([next, second].map((token) => provider.whyDead(token, 0))).toEqual(["replaced", "replaced"]);
    expect([third, elsewhere].map((token) => provider.whyDead(token, 0))).toEqual([undefined, undefined]);
  });

  test("is nobody's whose refresh token is not known", () => {
    const { provider } = used("strict");
    expect(provider.refresh("rt-of-another", 0)).toEqual({ kind: "refused", token: undefined, reuse: false });
  });
});
