import type { JsonObject } from "@grantkeeper/core";
import type { Figures } from "./side.ts";

export type Order =
  | { readonly kind: "open"; readonly module: string; readonly settings: JsonObject }
  | { readonly kind: "prepare" }
  | { readonly kind: "ready" | "conclude"; readonly prepared: JsonObject }
  | { readonly kind: "round"; readonly prepared: JsonObject; readonly startAt: number }
  | { readonly kind: "close" };

export type Answer =
  | { readonly kind: "done"; readonly result: JsonObject | Figures }
  | { readonly kind: "failed"; readonly text: string };
