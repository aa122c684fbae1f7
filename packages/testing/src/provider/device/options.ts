export const deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code";

/** How long a device may wait, and how often it may ask. */
export interface DeviceOptions {
  /** Seconds between two polls. Left out: 5. */
  readonly intervalSeconds?: number;
  /** Seconds that a device code lives. Left out: 900. */
  readonly lifetimeSeconds?: number;
}
