import { BlockList, isIP } from "node:net";
import { GrantkeeperError } from "../errors.ts";

type Family = 4 | 6;
type Network = readonly [address: string, prefix: number];

/** Of IPv4, what is not public (IANA's registry of special-purpose addresses, RFC 6890). */
const specialNetworks: readonly Network[] = [
  ["0.0.0.0", 8], // "this" network
  ["10.0.0.0", 8], // private (RFC 1918)
  ["100.64.0.0", 10], // between a carrier and its customers (RFC 6598)
  ["127.0.0.0", 8], // loopback
  ["169.254.0.0", 16], // link-local, with the metadata services of clouds
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // protocol assignments
  ["192.0.2.0", 24], // documentation
  ["192.88.99.0", 24], // 6to4 relays
  ["192.168.0.0", 16], // private
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, and broadcast
];

/**
 * Of IPv6, all that is assigned to the public. Outside lie loopback, unique local, link-local, site-local and multicast
 * addresses, and those that hold one of IPv4: mapped, compatible and NAT64.
 */
const publicNetworks6: readonly Network[] = [["2000::", 3]];

/** What is not public inside of that. */
const specialNetworks6: readonly Network[] = [
  ["2001::", 23], // protocol assignments, with Teredo, benchmarks and ORCHID
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4, which holds an address of IPv4
  ["3fff::", 20], // documentation
];

/** Where clouds tell a machine its own credentials. Some lie in networks that an application may allow, or are public. */
const metadataAddresses: readonly string[] = [
  "169.254.169.254",
  "100.100.100.200",
  "168.63.129.16",
  "fd00:ec2::254",
  "fd20:ce::254",
];

/** What an application may allow itself: private networks, and its own machine. */
const privateNetworks: readonly Network[] = [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["fc00::", 7],
  ["::1", 128],
];

/** Whether an address may be connected to. */
export type AddressCheck = (address: string) => boolean;

/** Public addresses, and those of `allowedNetworks` in CIDR notation. Throws `invalid_config` for what is no private one. */
export function createAddressCheck(allowedNetworks: readonly string[] = []): AddressCheck {
  const allowed = listOf(allowedNetworks.map(readPrivateNetwork));
  return (address) => {
    if (contains(metadata, address)) return false;
    return isPublic(address) || contains(allowed, address);
  };
}

/** Whether `address` is one of `addresses`, however either is written. */
export function isOneOf(addresses: readonly string[], address: string): boolean {
  return contains(listOf(addresses.map((one) => [one, isIP(one) === 4 ? 32 : 128])), address);
}

function isPublic(address: string): boolean {
  return isIP(address) === 4 ? !contains(special, address) : contains(public6, address) && !contains(special6, address);
}

function readPrivateNetwork(text: string): Network {
  const [, address = "", digits = ""] = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(text) ?? [];
  const family = isIP(address);
  const prefix = Number(digits);
  const inside = privateNetworks.some(
    (network) => isIP(network[0]) === family && prefix >= network[1] && contains(listOf([network]), address),
  );
  if (inside && prefix <= (family === 4 ? 32 : 128)) return [address, prefix];
  throw new GrantkeeperError(
    "invalid_config",
    "allowPrivateNetworks holds something else than a private network in CIDR notation, such as 10.20.0.0/16.",
  );
}

/** One list for each family: a BlockList finds rules of IPv4 in mapped addresses of IPv6 too. */
type Networks = ReadonlyMap<number, BlockList>;

function listOf(networks: readonly Network[]): Networks {
  const lists = new Map([4, 6].map((family) => [family, new BlockList()]));
  for (const [address, prefix] of networks) {
    const family = isIP(address);
    lists.get(family)?.addSubnet(address, prefix, nameOf(family as Family));
  }
  return lists;
}

function contains(networks: Networks, address: string): boolean {
  const family = isIP(address);
  // A zone names an interface of this machine; a BlockList knows none.
  if (family === 0 || address.includes("%")) return false;
  return networks.get(family)?.check(address, nameOf(family as Family)) === true;
}

function nameOf(family: Family): "ipv4" | "ipv6" {
  return family === 4 ? "ipv4" : "ipv6";
}

const special = listOf(specialNetworks);
const public6 = listOf(publicNetworks6);
const special6 = listOf(specialNetworks6);
const metadata = listOf(metadataAddresses.map((address) => [address, isIP(address) === 4 ? 32 : 128]));
