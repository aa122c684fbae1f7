import type { JsonObject } from "@grantkeeper/core";
import type { Figures } from "./side.ts";

export type Order =
  | { readonly kind: "open"; readonly module: string; readonly settings: JsonObject }
  | { readonly kind: "prepare" }
  | { readonly kind: "round" | "conclude"; readonly prepared: JsonObject }
  | { readonly kind: "close" };

export type Answer =
  | { readonly kind: "done"; readonly result: JsonObject | Figures }
  | { readonly kind: "failed"; readonly text: string };
