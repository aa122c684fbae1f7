import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freePorts } from "./support/free-ports.ts";
import { childrenOf, isRunning, processFolder, shownOf } from "./support/processes.ts";
import { launch, type RunningSample, ready, stop } from "./support/running-sample.ts";
import { createVisitor, type Visitor } from "./support/visitor.ts";

const required = process.env["GRANTKEEPER_REQUIRE_SERVICES"] !== undefined;
const missing = !existsSync(processFolder) && !required;
const patience = { timeout: 30_000 };

describe.skipIf(missing)(missing ? `the second process (needs ${processFolder})` : "the second process", () => {
  let dataDirectory: string;
  let sample: RunningSample;
  let ada: Visitor;
  let asking: Promise<unknown>;

  beforeEach(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), "grantkeeper-sample-"));
    const port = await freePorts();
    // Long enough for a second process to wait.
    sample = launch({ PORT: String(port), SAMPLE_DATA_DIR: dataDirectory, SAMPLE_TOKEN_LIFETIME: "50" });
    await ready(sample, port);
    ada = createVisitor(`http://localhost:${port}`, fetch);
    await ada.signIn("ada");
    await ada.connect("github");
    const [id = ""] = await ada.connectionIds();
    asking = ada.post(`/connections/github/${id}/ask`).catch(() => undefined);
  });
  afterEach(async () => {
    await stop(sample, "SIGKILL");
    await asking;
    await rm(dataDirectory, { recursive: true });
  });

  test.each(["SIGTERM", "SIGINT"] as const)("is gone when the sample has stopped by %s", async (signal) => {
    const second = await started();
    await stop(sample, signal);
    expect(sample.exitCode).toBe(0);
    expect(isRunning(second)).toBe(false);
  });

  test("ends by itself when the sample is killed", async () => {
    const second = await started();
    await stop(sample, "SIGKILL");
    await expect.poll(() => isRunning(second), patience).toBe(false);
  });

  test("holds up no stop while it hangs", async () => {
    const second = await started();
    process.kill(second, "SIGSTOP");
    await stop(sample, "SIGTERM");
    expect(sample.exitCode).toBe(0);
    expect(isRunning(second)).toBe(false);
    // Less than what a second process gets that has a refresh to save.
  }, 20_000);

  test("leaves the sample running when it crashes, which says so", async () => {
    const second = await started();
    process.kill(second, "SIGSEGV");
    await asking;
    expect(await ada.page()).toContain(`The second process (${second}) was ended by SIGSEGV.`);
    expect(childrenOf(sample.pid ?? 0)).toEqual([]);
  });

  test("gets no secret by its arguments or its environment", async () => {
    const shown = shownOf(await started());
    const secrets = ["development.key", "session.key"].map((name) => readFile(join(dataDirectory, name), "utf8"));
    for (const secret of await Promise.all(secrets)) expect(shown).not.toContain(secret.trim());
    expect(shown).not.toContain("known-to-the-emulator-only");
  });

  /** Resolves with its id once it runs its own program, and no copy of the sample's any more. */
  async function started(): Promise<number> {
    const second = () => childrenOf(sample.pid ?? 0).find((pid) => shownOf(pid).includes("second-process.ts"));
    await expect.poll(second, patience).toBeDefined();
    return second() ?? 0;
  }
});
