import { type ConsentChoice, consent } from "@grantkeeper/testing";

/** A browser as far as HTTP goes: a cookie jar, forms of the application's own pages, and no redirect followed. */
export interface Visitor {
  readonly get: (path: string) => Promise<Response>;
  /** Submits a form. `headers` replace those that a browser would send. */
  readonly post: (
    path: string,
    fields?: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Response>;
  readonly signIn: (user: string) => Promise<void>;
  /** Goes from the form to the provider's consent page, and answers the callback that it leads to. */
  readonly beginConnect: (
    connector: string,
    fields?: Readonly<Record<string, string>>,
    choice?: ConsentChoice,
  ) => Promise<string>;
  /** All of it. Returns the answer to the callback. */
  readonly connect: (
    connector: string,
    fields?: Readonly<Record<string, string>>,
    choice?: ConsentChoice,
  ) => Promise<Response>;
  /** The front page. */
  readonly page: () => Promise<string>;
  /** Ids of the connections on the front page, in its order. */
  readonly connectionIds: () => Promise<readonly string[]>;
  readonly setCookie: (name: string, value: string) => void;
}

export function createVisitor(origin: string, send: (request: Request) => Promise<Response> | Response): Visitor {
  const cookies = new Map<string, string>();

  async function request(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (cookies.size > 0) headers.set("cookie", [...cookies].map((pair) => pair.join("=")).join("; "));
    const response = await send(new Request(new URL(path, origin), { ...init, headers, redirect: "manual" }));
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/max-age=0/i.test(cookie)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  }

  const get: Visitor["get"] = (path) => request(path, {});
  const post: Visitor["post"] = (path, fields = {}, headers = { origin }) =>
    request(path, { method: "POST", body: new URLSearchParams(fields), headers });
  const page = async () => (await get("/")).text();

  const beginConnect: Visitor["beginConnect"] = async (connector, fields = {}, choice = {}) => {
    const started = await post(`/connect/${connector}`, fields);
    const location = started.headers.get("location");
    if (location === null) throw new Error(`The start answered ${started.status}.`);
    const callback = await consent(location, choice);
    return `${callback.pathname}${callback.search}`;
  };

  return {
    get,
    post,
    page,
    beginConnect,
    async signIn(user) {
      await post("/sign-in", { user });
    },
    async connect(connector, fields, choice) {
      return get(await beginConnect(connector, fields, choice));
    },
    async connectionIds() {
      return [...(await page()).matchAll(/data-connection="([^"]+)"/g)].map(([, id]) => id ?? "");
    },
    setCookie: (name, value) => void cookies.set(name, value),
  };
}
