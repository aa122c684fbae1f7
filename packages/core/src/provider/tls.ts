/** Whether the process was told to take any certificate for any host: Node compares with exactly this. */
export function isVerificationOff(): boolean {
  return process.env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0";
}
