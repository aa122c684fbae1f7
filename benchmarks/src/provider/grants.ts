export interface IssuedGrant {
  readonly id: string;
  readonly refreshToken: string;
}

export interface GrantState {
  readonly tokenRequests: number;
  readonly alive: boolean;
  /** The one that works. */
  readonly refreshToken: string;
}

/** Grants as if users had consented. */
export async function issueGrants(origin: string, count: number): Promise<readonly IssuedGrant[]> {
  const response = await fetch(`${origin}/grants?count=${count}`, { method: "POST" });
  return ((await response.json()) as { readonly grants: readonly IssuedGrant[] }).grants;
}

export async function stateOf(origin: string, id: string): Promise<GrantState> {
  return (await (await fetch(`${origin}/grants?id=${id}`)).json()) as GrantState;
}
