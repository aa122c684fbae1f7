import { spawn } from "node:child_process";

export interface CommandResult {
  /** `undefined` when the command was ended by a signal. */
  readonly code: number | undefined;
  /** Standard output alone: what a program may parse. */
  readonly stdout: string;
  /** Standard output and standard error as they came: what a person reads. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly timeoutMs?: number;
  /** Instead of this process's own; what is `undefined` is not set. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Sent to standard input. */
  readonly input?: string;
}

/** Runs a command to its end. Rejects only when it cannot be started. */
export function runCommand(
  command: string,
  args: readonly string[],
  { cwd, timeoutMs, env, input = "" }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      ...(env === undefined ? {} : { env: { ...env } }),
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.on("error", reject);
    // A program that does not read its input may have closed it already.
    child.stdin.on("error", () => undefined).end(input);
    child.on("close", (code) => resolve({ code: code ?? undefined, stdout, output }));
  });
}
