import { expect, test } from "vitest";
import { readSettings } from "./settings.ts";

test("everything has a default, and nothing is real without a client", () => {
  const settings = readSettings({});
  expect(settings).toMatchObject({ port: 3000, tokenLifetimeSeconds: 30 });
  expect(settings.dataDirectory).toMatch(/apps\/sample\/\.data\/3000$/);
  expect(Object.values(settings.clients)).toEqual([undefined, undefined, undefined]);
});

test("each port has its own data, but for a directory that was chosen", () => {
  expect(readSettings({ PORT: "4000" }).dataDirectory).toMatch(/apps\/sample\/\.data\/4000$/);
  expect(readSettings({ PORT: "4000", SAMPLE_DATA_DIR: "/data" }).dataDirectory).toBe("/data");
});

test("a client at a real provider", () => {
  const { clients } = readSettings({ SLACK_CLIENT_ID: "id", SLACK_CLIENT_SECRET: "secret" });
  expect(clients).toEqual({ github: undefined, google: undefined, slack: { clientId: "id", clientSecret: "secret" } });
});

test.each([
  [{ GOOGLE_CLIENT_SECRET: "secret" }, "Set both GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET"],
  [{ PORT: "http" }, "PORT must be a whole number"],
  [{ PORT: "65535" }, "PORT must be a whole number"],
  [{ SAMPLE_TOKEN_LIFETIME: "-1" }, "SAMPLE_TOKEN_LIFETIME must be a whole number"],
])("%j is refused", (environment, message) => {
  expect(() => readSettings(environment)).toThrow(message);
});
