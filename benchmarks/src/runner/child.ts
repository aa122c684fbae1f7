import type { JsonObject } from "@grantkeeper/core";
import type { Answer, Order } from "./messages.ts";
import type { Figures, OpenSide, Side } from "./side.ts";

// A process of one side: does what each message orders.

let side: Side | undefined;

process.on("message", (order: Order) => {
  const failed = (error: unknown): Answer => ({
    kind: "failed",
    text: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  void obey(order)
    .then((result): Answer => ({ kind: "done", result }), failed)
    .then((answer) => process.send?.(answer));
});
process.on("disconnect", () => process.exit());

async function obey(order: Order): Promise<JsonObject | Figures> {
  if (order.kind === "open") {
    const { open } = (await import(order.module)) as { readonly open: OpenSide };
    side = await open(order.settings);
    return {};
  }
  if (side === undefined) throw new Error("There is no side yet.");
  switch (order.kind) {
    case "prepare":
      return (await side.prepare?.()) ?? {};
    case "ready":
      await side.ready?.(order.prepared);
      return {};
    case "round":
      return side.round(order.prepared, order.startAt);
    case "conclude":
      return (await side.conclude?.(order.prepared)) ?? {};
    case "close":
      await side.close?.();
      return {};
  }
}
