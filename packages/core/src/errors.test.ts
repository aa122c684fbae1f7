import { describe, expect, test } from "vitest";
import { causeWithoutSecrets, type ErrorCode, GrantkeeperError, isGrantkeeperError, type Remedy } from "./errors.ts";

const remedies: Readonly<Record<ErrorCode, Remedy>> = {
  not_connected: "reconnect",
  reauthorization_required: "reconnect",
  consent_denied: "reconnect",
  account_mismatch: "reconnect",
  scope_missing: "reconnect",
  state_mismatch: "restart",
  flow_expired: "restart",
  provider_unavailable: "retry",
  store_unavailable: "retry",
  keys_unavailable: "retry",
  connector_unavailable: "retry",
  lease_timeout: "retry",
  invalid_request: "fix_input",
  credentials_refused: "fix_input",
  ambiguous_connection: "fix_input",
  invalid_config: "fix_config",
  provider_rejected: "fix_config",
  not_permitted: "fix_config",
  decryption_failed: "report",
  invalid_response: "report",
  aborted: "none",
  closed: "none",
};

describe("GrantkeeperError", () => {
  test.each(Object.entries(remedies))("%s has the remedy %s", (code, remedy) => {
    expect(new GrantkeeperError(code as ErrorCode, "message").remedy).toBe(remedy);
  });

  test("holds what it was given", () => {
    const cause = new Error("below");
    const retryAt = new Date(5);
    const error = new GrantkeeperError("ambiguous_connection", "message", {
      cause,
      retryAt,
      connector: "github",
      connectionIds: ["con_1"],
    });
    expect(error).toMatchObject({ cause, retryAt, connector: "github", connectionIds: ["con_1"], message: "message" });
  });

  test("has no cause where none was given", () => {
    expect("cause" in new GrantkeeperError("closed", "message")).toBe(false);
  });
});

describe("isGrantkeeperError", () => {
  test("recognises the error of another installed copy", async () => {
    const otherCopy = "./errors.ts?copy=2";
    const other = (await import(otherCopy)) as { readonly GrantkeeperError: typeof GrantkeeperError };
    const error = new other.GrantkeeperError("closed", "message");
    expect(error).not.toBeInstanceOf(GrantkeeperError);
    expect(isGrantkeeperError(error)).toBe(true);
  });

  test.each([
    ["an error of another kind", new Error("message")],
    ["what only looks like one", { name: "GrantkeeperError", code: "closed", remedy: "none" }],
    ["null", null],
    ["undefined", undefined],
    ["text", "GrantkeeperError"],
  ])("does not recognise %s", (_, value) => {
    expect(isGrantkeeperError(value)).toBe(false);
  });
});

describe("causeWithoutSecrets", () => {
  test("R54 keeps names and codes along the chain and nothing else", () => {
    const socket = Object.assign(new Error("connect to 10.1.2.3 with s3cr3t"), { code: "ECONNRESET" });
    const outer = new TypeError("fetch https://provider.example/token?code=s3cr3t failed", { cause: socket });
    const summary = causeWithoutSecrets(outer);
    expect(summary.message).toBe("TypeError < Error ECONNRESET");
    expect(`${summary.stack} ${JSON.stringify(summary)} ${String(summary.cause)}`).not.toMatch(/s3cr3t|10\.1/);
  });

  test.each([
    ["a code that is not one of a system", Object.assign(new Error("m"), { code: "s3cr3t token" })],
    ["a number as code", Object.assign(new Error("m"), { code: 53 })],
    ["a name with a secret", Object.assign(new Error("m"), { name: "s3cr3t" })],
  ])("R54 leaves out %s", (_, error) => {
    expect(causeWithoutSecrets(error).message).toBe("Error");
  });

  test.each([
    ["s3cr3t", "string"],
    [undefined, "undefined"],
    [{ message: "s3cr3t" }, "object"],
  ])("R54 shows only the type of %o, which is no error", (thrown, type) => {
    expect(causeWithoutSecrets(thrown).message).toBe(type);
  });

  test("ends on a chain that is a ring", () => {
    const error = new Error("message");
    error.cause = error;
    expect(causeWithoutSecrets(error).message).toBe("Error < Error < Error < Error < Error");
  });
});
