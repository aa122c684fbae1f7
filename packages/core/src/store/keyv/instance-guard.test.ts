import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { codeOf } from "../../test/errors.ts";
import { createInstanceGuard, type InstanceGuard } from "./instance-guard.ts";

const beat = { instance: "another", host: hostname(), pid: 1, at: 100_000 };
const now = 100_000;

/** A database of one place, and guards on it. They leave at the test's end. */
function database(seen?: unknown): {
  readonly guard: () => InstanceGuard;
  readonly rows: Map<string, unknown>;
  time: number;
} {
  const rows = new Map<string, unknown>(seen === undefined ? [] : [["instance", seen]]);
  const state = {
    rows,
    time: now,
    guard: () => {
      const guard = createInstanceGuard({
        read: async (key) => rows.get(key),
        write: async (key, value) => void rows.set(key, value),
        remove: async (key) => void rows.delete(key),
        now: () => state.time,
      });
      onTestFinished(() => guard.leave());
      return guard;
    },
  };
  return state;
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["--eval", ""]);
  await once(child, "exit");
  return child.pid ?? 0;
}

async function livePid(): Promise<number> {
  const child = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"]);
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  return child.pid ?? 0;
}

describe("enter", () => {
  test("writes who works here", async () => {
    const { guard, rows } = database();
    await guard().enter();
    expect(rows.get("instance")).toEqual({
      instance: expect.any(String),
      host: hostname(),
      pid: process.pid,
      at: now,
    });
  });

  test("D2 a second guard in this process is refused, and does not displace the first", async () => {
    const { guard, rows } = database();
    const first = guard();
    await first.enter();
    const kept = rows.get("instance");
    expect(await codeOf(() => guard().enter())).toBe("invalid_config");
    expect(rows.get("instance")).toEqual(kept);
    expect(() => first.assertAlone()).not.toThrow();
  });

  test("D2 of two that enter at once one is refused", async () => {
    const { guard } = database();
    const codes = await Promise.all([guard(), guard()].map((one) => codeOf(() => one.enter())));
    expect(codes.sort()).toEqual(["invalid_config", undefined]);
  });

  test("D2 a live process of this host is refused", async () => {
    const { guard } = database({ ...beat, pid: await livePid() });
    expect(await codeOf(() => guard().enter())).toBe("invalid_config");
  });

  test("D2 a live process of another user is refused", async () => {
    const refusal = Object.assign(new Error("not permitted"), { code: "EPERM" });
    const kill = vi.spyOn(process, "kill").mockImplementation(() => {
      throw refusal;
    });
    onTestFinished(() => kill.mockRestore());
    expect(await codeOf(() => database(beat).guard().enter())).toBe("invalid_config");
  });

  test("D2 a process of another host is refused as long as its heart beats", async () => {
    const { guard } = database({ ...beat, host: "another-host", pid: await deadPid() });
    expect(await codeOf(() => guard().enter())).toBe("invalid_config");
  });

  test("a dead process of this host is taken over at once", async () => {
    const { guard } = database({ ...beat, pid: await deadPid() });
    expect(await codeOf(() => guard().enter())).toBeUndefined();
  });

  test("an earlier process that had this one's pid is taken over at once", async () => {
    const { guard } = database({ ...beat, pid: process.pid });
    expect(await codeOf(() => guard().enter())).toBeUndefined();
  });

  test.each([
    ["this host", hostname()],
    ["another host", "another-host"],
  ])("a process of %s whose heart has stopped is taken over", async (_, host) => {
    const { guard } = database({ ...beat, host, pid: await livePid(), at: now - 20_001 });
    expect(await codeOf(() => guard().enter())).toBeUndefined();
  });

  test("a heart that missed some beats is still alive", async () => {
    const { guard } = database({ ...beat, host: "another-host", at: now - 20_000 });
    expect(await codeOf(() => guard().enter())).toBe("invalid_config");
  });

  test("the message says what to do", async () => {
    const { guard } = database({ ...beat, host: "another-host" });
    await expect(guard().enter()).rejects.toThrow(/allowUnsafe/);
  });
});

describe("leave", () => {
  test("removes the heartbeat, so that another may enter", async () => {
    const { guard, rows } = database();
    const first = guard();
    await first.enter();
    await first.leave();
    expect(rows.size).toBe(0);
    expect(await codeOf(() => guard().enter())).toBeUndefined();
  });

  test("of one that was refused removes nothing", async () => {
    const { guard, rows } = database();
    await guard().enter();
    const second = guard();
    await codeOf(() => second.enter());
    await second.leave();
    expect(rows.size).toBe(1);
  });

  test("of one that was taken over removes nothing", async () => {
    const { guard, rows } = database();
    const first = guard();
    await first.enter();
    const successor = { ...beat, host: "another-host" };
    rows.set("instance", successor);
    await first.leave();
    expect(rows.get("instance")).toEqual(successor);
  });

  test("may come twice, and before any entering", async () => {
    const guard = database().guard();
    await guard.leave();
    await guard.enter();
    await guard.leave();
    await expect(guard.leave()).resolves.toBeUndefined();
  });
});

describe("the heartbeat", () => {
  test("goes on, and the guard stays alone", async () => {
    const { place, guard } = await entered();
    place.time += 5_000;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(place.rows.get("instance")).toMatchObject({ pid: process.pid, at: now + 5_000 });
    expect(() => guard.assertAlone()).not.toThrow();
  });

  test("D2 tells one that was taken over, which then leaves the other's heartbeat alone", async () => {
    const { place, guard } = await entered();
    const successor = { ...beat, host: "another-host" };
    place.rows.set("instance", successor);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await codeOf(() => guard.assertAlone())).toBe("invalid_config");
    expect(place.rows.get("instance")).toEqual(successor);
  });

  test("ends with leaving", async () => {
    const { place, guard } = await entered();
    await guard.leave();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(place.rows.size).toBe(0);
  });

  /** One that entered, under timers that the test moves. */
  async function entered(): Promise<{ readonly place: ReturnType<typeof database>; readonly guard: InstanceGuard }> {
    vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const place = database();
    const guard = place.guard();
    const entering = guard.enter();
    await vi.advanceTimersByTimeAsync(25);
    await entering;
    return { place, guard };
  }
});
