import type { KeyConfig } from "@grantkeeper/core";
import { expect, test } from "vitest";
import { createKeyPlan, type KeyHolder } from "../src/fleet/key-plan.ts";

test("E7 no key is the first one anywhere while a process does not have it", () => {
  const plan = createKeyPlan();
  const start = (place: number): KeyHolder => ({ process: `${place}`, setup: { keys: plan.keysAt(place) } });
  let holders = [0, 1, 2].map(start);
  const firsts = new Set<string>();
  for (let step = 0; plan.retired < 3 || firsts.size < 5; step++) {
    expect(step).toBeLessThan(200);
    for (const { setup } of holders) {
      const [first] = setup.keys;
      expect(setup.keys).toHaveLength(2);
      firsts.add(first?.id ?? "");
      for (const other of holders) expect(idsOf(other.setup.keys)).toContain(first?.id);
    }
    const next = plan.step(holders);
    if (next === undefined) plan.promote();
    else if (next.kind === "rewrap") {
      // What nobody puts first any more is wrapped in nothing that is new.
      expect(new Set(holders.map(({ setup }) => setup.keys[0]?.id)).size).toBe(1);
      plan.rewrapped();
    } else
      holders = holders.map((holder) => (holder.process === next.process ? start(Number(holder.process)) : holder));
  }
});

test("E7 a key that was taken away was rewrapped before", () => {
  const plan = createKeyPlan();
  const before = idsOf(plan.keysAt(0));
  plan.promote();
  const holders = [{ process: "0", setup: { keys: plan.keysAt(0) } }];
  expect(plan.step(holders)).toEqual({ kind: "rewrap" });
  expect(idsOf(plan.keysAt(0)).sort()).toEqual(before.sort());
  plan.rewrapped();
  const after = idsOf(plan.keysAt(0));
  expect(before.filter((id) => after.includes(id))).toHaveLength(1);
});

function idsOf(keys: readonly KeyConfig[]): string[] {
  return keys.map(({ id }) => id);
}
