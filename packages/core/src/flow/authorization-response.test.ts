import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf } from "../test/errors.ts";
import { type AuthorizationResponse, readAuthorizationResponse } from "./authorization-response.ts";

const callbackUrl = new URL("https://app.example.com/connect");

function read(query: string, path = "/connect/github/callback"): Promise<AuthorizationResponse> {
  return readAuthorizationResponse({ url: `https://app.example.com${path}?${query}` }, callbackUrl);
}

function post(form: string, query = ""): Promise<AuthorizationResponse> {
  const url = `https://app.example.com/connect/github/callback${query}`;
  return readAuthorizationResponse({ url, method: "POST", text: async () => form }, callbackUrl);
}

describe("readAuthorizationResponse", () => {
  test("reads a code", async () => {
    const response = await read("code=c&state=s&iss=https%3A%2F%2Fgithub.com");
    expect(response).toMatchObject({ connectorKey: "github", state: "s", error: undefined });
    expect(Object.fromEntries(response.parameters)).toEqual({ code: "c", state: "s", iss: "https://github.com" });
  });

  test("reads an error and its description", async () => {
    expect((await read("error=access_denied&state=s")).error).toEqual({ error: "access_denied" });
    expect((await read("error=access_denied&error_description=No%21&state=s")).error).toEqual({
      error: "access_denied",
      errorDescription: "No!",
    });
  });

  test.each(["/connect/github/callback", "/connect/github/callback/", "/github/callback", "//a/b//github//callback"])(
    "takes the connector from the end of the path %s",
    async (path) => {
      expect((await read("code=c&state=s", path)).connectorKey).toBe("github");
    },
  );

  test("takes a URL without an origin, as frameworks hand it over", async () => {
    const request = { url: "/connect/github/callback?code=c&state=s" };
    expect((await readAuthorizationResponse(request, callbackUrl)).connectorKey).toBe("github");
  });

  test.each(["/", "/callback", "/connect/github", "/connect/github/callback/more", "/github/Callback"])(
    "refuses the path %s",
    async (path) => {
      expect(await codeOf(() => read("code=c&state=s", path))).toBe("invalid_request");
    },
  );

  test.each([
    "code=a&code=b&state=s",
    "code=a&code=a&state=s",
    "code=a&state=s&state=t",
    "code=a&state=s&iss=x&iss=y",
    "code=a&state=s&unknown=1&unknown=2",
    "error=a&error=b&state=s",
    "code=a&c%6fde=b&state=s",
    "code=a&code=&state=s",
  ])("R12 refuses a parameter that stands twice: %s", async (query) => {
    expect(await codeOf(() => read(query))).toBe("invalid_request");
    expect(await codeOf(() => post(query))).toBe("invalid_request");
  });

  test.each(["code=a&error=b&state=s", "code=a&error=&state=s"])(
    "R12 refuses a code with an error: %s",
    async (query) => {
      expect(await codeOf(() => read(query))).toBe("invalid_request");
      expect(await codeOf(() => post(query))).toBe("invalid_request");
    },
  );

  test.each(["code=a&state=s&id_token=b", "response=a&state=s", "code=a&state=s&response="])(
    "R1 refuses what hybrid flows and signed answers have: %s",
    async (query) => {
      expect(await codeOf(() => read(query))).toBe("invalid_request");
    },
  );

  test.each(["state=s", "code=&state=s", "", "token=a&state=s"])(
    "R12 refuses neither code nor error: %j",
    async (query) => {
      expect(await codeOf(() => read(query))).toBe("invalid_request");
    },
  );

  test.each(["code=c", "code=c&state=", "error=access_denied", "code=c&State=s"])(
    "R5 refuses an answer without state: %s",
    async (query) => {
      expect(await codeOf(() => read(query))).toBe("invalid_request");
    },
  );

  test("R29 refuses a URL that is too long", async () => {
    expect(await codeOf(() => read(`state=s&code=${"c".repeat(64 * 1024)}`))).toBe("invalid_request");
  });

  test("R29 refuses a form that is too long", async () => {
    expect(await codeOf(() => post(`state=s&code=${"c".repeat(64 * 1024)}`))).toBe("invalid_request");
  });

  test("reads a form post, and only its form", async () => {
    const response = await post("code=c&state=s", "?code=other&state=other&iss=other");
    expect(Object.fromEntries(response.parameters)).toEqual({ code: "c", state: "s" });
  });

  test("refuses a form post without a form", async () => {
    expect(await codeOf(() => post("", "?code=c&state=s"))).toBe("invalid_request");
    const request = { url: "/connect/github/callback?code=c&state=s", method: "POST" };
    expect(await codeOf(() => readAuthorizationResponse(request, callbackUrl))).toBe("invalid_request");
  });

  test("R12 accepts only what has one state and one of code and error, whatever comes", async () => {
    const name = fc.constantFrom("code", "state", "error", "error_description", "iss", "__proto__");
    const query = fc.array(fc.tuple(name, fc.string())).map((entries) => new URLSearchParams(entries).toString());
    await fc.assert(
      fc.asyncProperty(query, async (text) => {
        const code = await codeOf(async () => {
          const { parameters, state } = await read(text);
          expect(parameters.getAll("state")).toEqual([state]);
          expect([...parameters.getAll("code"), ...parameters.getAll("error")].filter(Boolean).length).toBeLessThan(2);
          expect([...parameters.keys()].filter((one) => one === "code" || one === "error")).not.toEqual([]);
        });
        expect([undefined, "invalid_request"]).toContain(code);
      }),
      { numRuns: 2_000 },
    );
  });

  test("R12 refuses a malformed URL as it refuses any other, whatever the URL", async () => {
    const url = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.webUrl(),
      fc.string().map((text) => `//${text}`),
    );
    await fc.assert(
      fc.asyncProperty(url, async (text) => {
        const code = await codeOf(() => readAuthorizationResponse({ url: text }, callbackUrl));
        expect([undefined, "invalid_request"]).toContain(code);
      }),
      { examples: [["//["], ["http://"]] },
    );
  });
});
