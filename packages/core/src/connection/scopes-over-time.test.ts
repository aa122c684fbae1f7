import { consent } from "@grantkeeper/testing";
import { afterEach, describe, expect, test } from "vitest";
import type { StartedFlow } from "../index.ts";
import {
  callbackRequest,
  closeWorlds,
  codeOf,
  connect,
  cookieOf,
  createWorld,
  githubConnector,
  googleConnector,
  slackConnector,
} from "../test/harness.ts";

afterEach(closeWorlds);

type Finish = (request: Request, options: { readonly owner: string }) => Promise<unknown>;

async function agree(flow: StartedFlow | undefined, keeper: { readonly finish: Finish }): Promise<void> {
  if (flow === undefined) throw new Error("no flow was started");
  await keeper.finish(callbackRequest(await consent(flow.url), cookieOf(flow.headers)), { owner: "ada" });
}

function challenge(text: string): Pick<Response, "status" | "headers"> {
  return new Response(null, { status: 403, headers: { "www-authenticate": text } });
}

const drive = "https://www.googleapis.com/auth/drive.readonly";
const calendar = "https://www.googleapis.com/auth/calendar.readonly";

describe("requireScopes", () => {
  test("R18 starts nothing for what is granted, be it as part of another scope", async () => {
    const world = await createWorld(githubConnector);
    const { connection } = await connect(world.keeper);
    expect(await connection.requireScopes(["public_repo"])).toEqual({ missing: [], flow: undefined });
  });

  test("R19 asks for the union, and the next consent asks for it again", async () => {
    const world = await createWorld(googleConnector);
    const { connection } = await connect(world.keeper);
    const { missing, flow } = await connection.requireScopes([drive, "email"], { returnTo: "/files" });
    expect(missing).toEqual([drive]);
    expect(flow?.url.searchParams.get("scope")?.split(" ")).toEqual([...googleConnector.scopes, drive]);
    await agree(flow, world.keeper);
    const { scopes } = (await connection.status()).tokenSets["default"] ?? {};
    expect(scopes?.missing).toEqual([]);
    expect(scopes?.requested).toContain(drive);
    const again = await connection.reconnect({ scopes: [calendar] });
    expect(again.url.searchParams.get("scope")?.split(" ")).toEqual([...googleConnector.scopes, drive, calendar]);
  });

  test("R18 says what the user has left out", async () => {
    const world = await createWorld(githubConnector);
    const { connection } = await connect(world.keeper, { scopes: [] });
    const { missing, flow } = await connection.requireScopes(["repo"]);
    expect(missing).toEqual(["repo"]);
    expect(flow?.url.searchParams.get("scope")).toBe("repo");
  });

  test("asks in the token set that is named", async () => {
    const world = await createWorld(slackConnector);
    const { connection } = await connect(world.keeper);
    const { flow } = await connection.requireScopes(["files:read"], { as: "user" });
    expect(flow?.url.searchParams.get("user_scope")).toBe("search:read,files:read");
    expect(flow?.url.searchParams.get("scope")).toBe("chat:write");
  });

  test.each([["a b"], ['quo"te'], [""]])("refuses %j, which is no scope", async (scope) => {
    const world = await createWorld(githubConnector);
    const { connection } = await connect(world.keeper);
    expect(await codeOf(connection.requireScopes([scope]))).toBe("invalid_request");
  });

  test("refuses scopes of a token set that there is none of", async () => {
    const world = await createWorld(githubConnector);
    const start = world.keeper.start("main", { owner: "ada", scopes: { user: ["repo"] } });
    expect(await codeOf(start)).toBe("invalid_request");
  });
});

describe("stepUp", () => {
  test("R19 asks for what the API has missed, three times and no more", async () => {
    const world = await createWorld(githubConnector);
    const { connection } = await connect(world.keeper);
    const refused = challenge('Bearer error="insufficient_scope", scope="admin:org"');
    for (let count = 1; count <= 3; count++) {
      const flow = await connection.stepUp(refused);
      expect(flow?.url.searchParams.get("scope")).toBe("repo admin:org");
      await agree(flow, world.keeper);
    }
    expect(await codeOf(connection.stepUp(refused))).toBe("scope_missing");
    expect(await connection.stepUp(challenge('Bearer error="insufficient_scope", scope="gist"'))).toBeDefined();
    world.clock.advance(3600);
    expect(await connection.stepUp(refused)).toBeDefined();
  });

  test("R19 a flow that was not finished does not count", async () => {
    const world = await createWorld(githubConnector);
    const { connection } = await connect(world.keeper);
    const refused = challenge('Bearer error="insufficient_scope", scope="gist"');
    for (let count = 1; count <= 5; count++) expect(await connection.stepUp(refused)).toBeDefined();
  });

  test("asks for the sign-in that the API wants (RFC 9470)", async () => {
    const world = await createWorld(githubConnector);
    const { connection } = await connect(world.keeper);
    const text = 'Bearer error="insufficient_user_authentication", acr_values="phr phrh", max_age="5"';
    const flow = await connection.stepUp(challenge(text));
    expect(flow?.url.searchParams.get("acr_values")).toBe("phr phrh");
    expect(flow?.url.searchParams.get("max_age")).toBe("5");
  });

  test.each(["Basic", 'Bearer error="invalid_token"', "", 'Bearer error="insufficient_scope"'])(
    "starts nothing for %j",
    async (text) => {
      const world = await createWorld(githubConnector);
      const { connection } = await connect(world.keeper);
      expect(await connection.stepUp(challenge(text))).toBeUndefined();
    },
  );
});

describe("what a start may wish for", () => {
  test("prompt, login_hint, claims, acr_values and max_age are the provider's to heed", async () => {
    const world = await createWorld(googleConnector);
    const claims = { id_token: { auth_time: { essential: true } } };
    const { url } = await world.keeper.start("main", {
      ...{ owner: "ada", prompt: "select_account", loginHint: "ada@example.com", claims },
      ...{ acrValues: ["phr", "phrh"], maxAge: 60 },
    });
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      ...{ prompt: "select_account", login_hint: "ada@example.com", claims: JSON.stringify(claims) },
      ...{ acr_values: "phr phrh", max_age: "60" },
    });
  });

  test.each([
    { prompt: "" },
    { prompt: "login\nnone" },
    { loginHint: "a".repeat(513) },
    { claims: [] as never },
    { claims: { a: "b".repeat(5_000) } },
    { acrValues: ["a b"] },
    { maxAge: -1 },
    { maxAge: 1.5 },
  ])("refuses %j", async (wishes) => {
    const world = await createWorld(googleConnector);
    expect(await codeOf(world.keeper.start("main", { owner: "ada", ...wishes }))).toBe("invalid_request");
  });

  test("none of them can replace what the flow rests on", async () => {
    const world = await createWorld(googleConnector);
    const { url } = await world.keeper.start("main", { owner: "ada", state: "mine", scope: "all" } as never);
    expect(url.searchParams.get("state")).not.toBe("mine");
    expect(url.searchParams.get("scope")).toBe(googleConnector.scopes.join(" "));
  });
});
