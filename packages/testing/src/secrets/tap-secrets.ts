import type { MarkedSecret } from "./find-secrets.ts";

/** Collects the secrets that pass between a keeper and its providers. */
export interface SecretTap {
  /** To be given to the keeper: sends by the `fetch` that the tap was made with. */
  readonly fetch: typeof globalThis.fetch;
  /** What has passed so far, each once, and what was marked. */
  readonly secrets: () => readonly MarkedSecret[];
  /** Adds one that passes elsewhere, such as a state or a cookie. */
  readonly mark: (name: string, value: string) => void;
}

const fields = /^(code|code_verifier|client_secret|client_assertion|access_token|refresh_token|id_token|token|nonce)$/;

/**
 * Listens in on a keeper's requests: codes, verifiers, client secrets and tokens, in bodies of forms and of JSON both ways,
 * and what stands in an `Authorization` header. Give what it has collected to `findSecrets`.
 */
export function tapSecrets(fetch: typeof globalThis.fetch = globalThis.fetch): SecretTap {
  const names = new Map<string, string>();

  function mark(name: string, value: string): void {
    if (value !== "" && !names.has(value)) names.set(value, `${name} ${names.size + 1}`);
  }

  function collect(body: unknown): void {
    if (typeof body !== "object" || body === null) return;
    for (const [name, value] of Object.entries(body)) {
      if (typeof value !== "string") collect(value);
      else if (fields.test(name)) mark(name, value);
    }
  }

  return {
    mark,
    secrets: () => [...names].map(([value, name]) => ({ name, value })),
    async fetch(input, init) {
      const body = init?.body;
      if (body instanceof URLSearchParams) collect(Object.fromEntries(body));
      if (typeof body === "string") collect(parsed(body));
      const authorization = new Headers(init?.headers).get("authorization");
      mark("authorization", authorization?.split(" ")[1] ?? "");
      const response = await fetch(input, init);
      collect(parsed(await response.clone().text()));
      return response;
    },
  };
}

/** JSON, or what can be read as a form. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return Object.fromEntries(new URLSearchParams(body));
  }
}
