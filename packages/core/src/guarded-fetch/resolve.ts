import { isIP } from "node:net";
import { guardRefusal } from "../provider/guard.ts";
import { isOneOf } from "./addresses.ts";
import type { Guard } from "./options.ts";

/** The addresses of a host, asked for once. One that may not be called refuses them all. */
export async function resolve({ lookup, mayConnect, allow }: Guard, hostname: string): Promise<readonly string[]> {
  const addresses = isIP(hostname) === 0 ? [...(await lookup(hostname))] : [hostname];
  if (addresses.length === 0) throw guardRefusal("The host has no address. Nothing was sent.");
  if (!addresses.every(mayConnect)) {
    throw guardRefusal(
      "The host resolves to an address of a private network, or to another one that is not public. Nothing was sent.",
    );
  }
  if (!addresses.every((address) => allow({ hostname, address }) === true)) {
    throw guardRefusal("The application does not allow this host. Nothing was sent.");
  }
  return addresses;
}

/** Refuses a connection that does not lead to one of the addresses that were checked. */
export function assertConnectedTo(
  { mayConnect }: Guard,
  addresses: readonly string[],
  remoteAddress: string | undefined,
): void {
  if (remoteAddress !== undefined && mayConnect(remoteAddress) && isOneOf(addresses, remoteAddress)) return;
  throw guardRefusal("The connection leads to another address than the one that was checked. Nothing was sent.");
}
