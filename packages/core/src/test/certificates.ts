import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";

/** PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateAuthority extends Certificate {
  /** A certificate for host names or addresses of IPv4. */
  issue(hosts: readonly string[]): Certificate;
}

/** A certificate authority of a test's own (RFC 5280, section 4.1): Node makes keys and no certificates. */
export function createAuthority(name = "Test authority"): CertificateAuthority {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = { name, privateKey };
  const root = certificate({ name, publicKey: createPublicKey(privateKey), issuer, extensions: [authority] });
  return {
    cert: root,
    key: pem(privateKey),
    issue(hosts) {
      const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const extensions = [alternativeNames(hosts)];
      const cert = certificate({ name: hosts[0] ?? "", publicKey: pair.publicKey, issuer, extensions });
      return { cert, key: pem(pair.privateKey) };
    },
  };
}

interface CertificateOptions {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly issuer: { readonly name: string; readonly privateKey: KeyObject };
  readonly extensions: readonly Buffer[];
}

function certificate({ name, publicKey, issuer, extensions }: CertificateOptions): string {
  const serial = Buffer.concat([Buffer.of(1), randomBytes(15)]);
  const toBeSigned = sequence(
    element(0xa0, element(0x02, Buffer.of(2))),
    element(0x02, serial),
    ecdsaWithSha256,
    nameOf(issuer.name),
    sequence(element(0x17, Buffer.from("200101000000Z")), element(0x17, Buffer.from("491231235959Z"))),
    nameOf(name),
    publicKey.export({ type: "spki", format: "der" }),
    element(0xa3, sequence(...extensions)),
  );
  const signature = sign("sha256", toBeSigned, issuer.privateKey);
  const der = sequence(toBeSigned, ecdsaWithSha256, element(0x03, Buffer.of(0), signature));
  const lines = der.toString("base64").replace(/.{64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** One element of DER: tag, length, content. */
function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...head), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return element(0x30, ...parts);
}

function identifier(...bytes: readonly number[]): Buffer {
  return element(0x06, Buffer.from(bytes));
}

function nameOf(commonName: string): Buffer {
  return sequence(element(0x31, sequence(identifier(0x55, 0x04, 0x03), element(0x0c, Buffer.from(commonName)))));
}

function alternativeNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIPv4(host) ? element(0x87, Buffer.from(host.split(".").map(Number))) : element(0x82, Buffer.from(host)),
  );
  return sequence(identifier(0x55, 0x1d, 0x11), element(0x04, sequence(...names)));
}

function pem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

const ecdsaWithSha256 = sequence(identifier(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
/** Basic constraints, critical: it may issue certificates. */
const authority = sequence(
  identifier(0x55, 0x1d, 0x13),
  element(0x01, Buffer.of(0xff)),
  element(0x04, sequence(element(0x01, Buffer.of(0xff)))),
);
