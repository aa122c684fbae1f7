import { isIP } from "node:net";
import { guardRefusal } from "../provider/guard.ts";
import type { Guard } from "./options.ts";

/** Where a request goes, once the form of its URL is in order. */
export interface Target {
  readonly url: URL;
  /** A host name, or an address without brackets. */
  readonly hostname: string;
  readonly port: number;
}

/** Names of the metadata services of clouds. */
const metadataNames: readonly string[] = ["metadata.google.internal", "metadata.goog", "instance-data.ec2.internal"];

/**
 * Takes https URLs of a host name or an address only. The parser of WHATWG has turned every way of writing an address
 * (decimal, octal, hexadecimal, short, full-width) into the usual one by then.
 */
export function checkTarget(text: string, { ports, allowsPrivate }: Guard): Target {
  const url = URL.parse(text);
  if (url === null) throw guardRefusal("The URL cannot be read. Nothing was sent.");
  if (url.protocol !== "https:") throw guardRefusal("The URL is not https. Nothing was sent.");
  if (url.username !== "" || url.password !== "") throw guardRefusal("The URL names a user. Nothing was sent.");
  const port = url.port === "" ? 443 : Number(url.port);
  if (!ports.includes(port)) throw guardRefusal("The URL names a port that may not be called. Nothing was sent.");
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(hostname) === 0 && !isHostName(hostname, allowsPrivate)) {
    throw guardRefusal("The URL's host is not the name of a public one. Nothing was sent.");
  }
  return { url, hostname, port };
}

/** RFC 1123, section 2.1, and no dot at the end, which would be another name for TLS than for DNS. */
function isHostName(hostname: string, allowsPrivate: boolean): boolean {
  const labels = hostname.split(".");
  return (
    hostname.length <= 253 &&
    labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) &&
    // A name without a dot is one of this network, by the resolver's search list.
    (labels.length > 1 || allowsPrivate) &&
    !metadataNames.includes(hostname)
  );
}
