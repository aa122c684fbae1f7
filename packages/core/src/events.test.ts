import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { createEvents, type Events, type LogFields, type Logger } from "./events.ts";

const about = { connector: "github", connectionId: "con_1" };

function collect(): { readonly events: Events; readonly lines: readonly (readonly [string, string, LogFields])[] } {
  const lines: [string, string, LogFields][] = [];
  const log =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      lines.push([level, message, fields]);
    };
  const logger: Logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  return { events: createEvents(() => 7, logger), lines };
}

describe("createEvents", () => {
  test("R56 tells each listener of that name what happened, and when", () => {
    const { events } = collect();
    const heard: unknown[] = [];
    events.on("connection.connected", (event) => heard.push(event));
    events.on("connection.connected", (event) => heard.push(event));
    events.on("connection.reconnected", () => heard.push("another"));
    events.emit("connection.connected", about, undefined);
    expect(heard).toEqual([
      { ...about, at: new Date(7), actor: undefined },
      { ...about, at: new Date(7), actor: undefined },
    ]);
  });

  test("an event without listeners is no error", () => {
    expect(() => collect().events.emit("connection.connected", about, undefined)).not.toThrow();
  });

  test("a listener that was taken off hears nothing, and takes off no other", () => {
    const { events } = collect();
    const heard: string[] = [];
    const off = events.on("connection.connected", () => heard.push("a"));
    events.on("connection.connected", () => heard.push("b"));
    off();
    off();
    events.emit("connection.connected", about, undefined);
    expect(heard).toEqual(["b"]);
  });

  test("a listener that throws disturbs neither the others nor the one that tells", () => {
    const { events } = collect();
    const heard: string[] = [];
    events.on("connection.connected", () => heard.push("before"));
    events.on("connection.connected", () => {
      throw new Error("s3cr3t");
    });
    events.on("connection.connected", () => heard.push("after"));
    expect(() => events.emit("connection.connected", about, undefined)).not.toThrow();
    expect(heard).toEqual(["before", "after"]);
  });

  test.each([new TypeError("s3cr3t"), "s3cr3t", { token: "s3cr3t" }])(
    "R54 what a listener threw is logged without its message: %o",
    (thrown) => {
      const { events, lines } = collect();
      events.on("connection.connected", () => {
        throw thrown;
      });
      events.emit("connection.connected", about, undefined);
      const [failure, ...more] = lines.filter(([level]) => level === "error");
      expect(failure?.[2]).toEqual({
        event: "connection.connected",
        error: thrown instanceof Error ? "TypeError" : typeof thrown,
      });
      expect(more).toEqual([]);
      expect(JSON.stringify(lines)).not.toContain("s3cr3t");
    },
  );

  test("a listener that changes its date changes nobody else's", () => {
    const { events } = collect();
    const years: number[] = [];
    events.on("connection.connected", ({ at }) => void at.setFullYear(1999));
    events.on("connection.connected", ({ at }) => void years.push(at.getFullYear()));
    events.emit("connection.connected", about, undefined);
    expect(years).toEqual([1970]);
  });

  test("an asynchronous listener that rejects does not end the process", async () => {
    const program = `
      import { createEvents } from ${JSON.stringify(new URL("./events.ts", import.meta.url).href)};
      const silent = { debug() {}, info() {}, warn() {}, error() {} };
      const events = createEvents(Date.now, silent);
      events.on("connection.connected", async () => { throw new Error("rejected"); });
      events.emit("connection.connected", { connector: "github", connectionId: "con_1" }, undefined);
      setImmediate(() => process.stdout.write("alive"));
    `;
    const args = ["--no-warnings", "--experimental-strip-types", "--input-type=module", "--eval", program];
    const outcome = await promisify(execFile)(process.execPath, args).catch(
      (error: { readonly stdout: string }) => error,
    );
    expect(outcome.stdout).toBe("alive");
  });
});
