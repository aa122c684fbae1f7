export { defineConnector } from "./define.ts";
export type * from "./emulation.ts";
export type * from "./json.ts";
export type * from "./types.ts";
