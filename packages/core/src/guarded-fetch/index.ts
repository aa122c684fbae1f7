export { guardedFetch } from "./guarded-fetch.ts";
export type { ClientCertificate, GuardedFetchOptions } from "./options.ts";
