import type { Provider } from "oidc-provider";

/** One request to the token endpoint. Times are Unix milliseconds. */
export interface OidcTokenRequestEntry {
  readonly startedAt: number;
  /** `undefined` while the request is in flight. */
  endedAt: number | undefined;
  grantType: string | undefined;
  clientId: string | undefined;
  /** oidc-provider's own id of the grant. */
  grantId: string | undefined;
  /** `issued`, or the error code of RFC 6749, section 5.2 and its extensions; `pending` while in flight. */
  outcome: string;
  /** True when a spent refresh token was presented. */
  reuse: boolean;
}

export interface OidcLog {
  readonly tokenRequests: readonly OidcTokenRequestEntry[];
  /** How many spent refresh tokens were presented. */
  readonly reuseDetected: number;
  readonly clear: () => void;
}

/** Records what reaches a provider's token endpoint. */
export function recordTokenRequests(provider: Provider): OidcLog {
  const tokenRequests: OidcTokenRequestEntry[] = [];
  const spent = new WeakSet<object>();
  provider.on("grant.error", (ctx, error) => {
    if ("error_detail" in error && error.error_detail === "refresh token already used") spent.add(ctx);
  });
  provider.use(async (ctx, next) => {
    if (ctx.path !== "/token") return next();
    const entry: OidcTokenRequestEntry = {
      startedAt: Date.now(),
      endedAt: undefined,
      grantType: undefined,
      clientId: undefined,
      grantId: undefined,
      outcome: "pending",
      reuse: false,
    };
    tokenRequests.push(entry);
    await next();
    const { params, entities } = ctx.oidc;
    entry.grantType = text(params?.["grant_type"]);
    entry.clientId = entities.Client?.clientId;
    entry.grantId =
      entities.RefreshToken?.grantId ?? entities.AuthorizationCode?.grantId ?? entities.DeviceCode?.grantId;
    entry.outcome =
      ctx.status === 200 ? "issued" : (text((ctx.body as { error?: unknown }).error) ?? String(ctx.status));
    entry.reuse = spent.has(ctx);
    entry.endedAt = Date.now();
  });

  return {
    tokenRequests,
    get reuseDetected() {
      return tokenRequests.filter(({ reuse }) => reuse).length;
    },
    clear: () => {
      tokenRequests.length = 0;
    },
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
