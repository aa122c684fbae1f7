/** Ways in which a key provider can be wrong, whether it keeps its key itself or asks a service: the suite must notice each. */
export const keyFlaws = [
  "wraps nothing",
  "wraps beside the key",
  "ignores the context",
  "ignores the key id",
  "ignores the version",
  "runs key id and version together",
  "compares key ids without case",
  "overlooks the last byte",
  "overlooks what follows",
  "overlooks the first byte",
  "opens what is damaged as zeros",
  "throws errors of its own",
  "calls damage an outage",
  "changes what it is given",
  "answers the last call",
  "knows what it wrapped itself only",
  "has one key for all of an id",
] as const;

/** Ways in which a client of a key service can be wrong. */
export const clientFlaws = [
  "has no time-out",
  "has no time-out for the body",
  "wraps by itself in an outage",
  "calls an outage damage",
  "calls an outage a matter of the configuration",
  "calls a closed key an outage",
  "stays away after an outage",
  "gives up all calls with one",
  "takes any answer for wrapped",
  "takes any size for wrapped",
  "takes any size for a key",
  "calls a wrong answer damage",
  "follows redirects",
  "shows what the service says",
  "shows what it sent",
  "has what it sent as cause",
  "knows the first version only",
  "knows the last version only",
  "calls a retired version damage",
] as const;

export type KeyFlaw = (typeof keyFlaws)[number] | (typeof clientFlaws)[number];
