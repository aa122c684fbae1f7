import { now } from "../clock.ts";
import type { KillPoint } from "../history/history.ts";
import type { Writer } from "../history/writer.ts";

export interface Armed {
  readonly point: KillPoint;
  readonly action: "kill" | "stop";
}

export interface About {
  readonly connection: string | undefined;
  readonly request: string | undefined;
}

/** The named points at which this process kills or stops itself, once, when it was told to. */
export interface Points {
  arm(armed: Armed | undefined): void;
  /** Whether the next release is waited for, so that one has to be brought about. */
  readonly wantsRelease: boolean;
  /** To be called at the point. Where it was armed, this does not return, or returns much later. */
  pass(point: KillPoint, about: About): Promise<void>;
}

/** `announce` resolves when the orchestrator has been told that this process stops, and must be woken. */
export function createPoints({ write }: Writer, announce: (armed: Armed) => Promise<void>): Points {
  let armed: Armed | undefined;
  return {
    arm: (next) => {
      armed = next;
    },
    get wantsRelease() {
      return armed?.point === "before-release";
    },
    async pass(point, { connection, request }) {
      if (armed?.point !== point) return;
      const { action } = armed;
      armed = undefined;
      if (action === "stop") await announce({ point, action });
      write({ kind: "reached", at: now(), point, action, connection, request });
      process.kill(process.pid, action === "kill" ? "SIGKILL" : "SIGSTOP");
    },
  };
}
