import { type DeviceFlow, isGrantkeeperError } from "@grantkeeper/core";
import { accountName } from "./account-name.ts";
import type { ConnectorKey, SampleKeeper } from "./connectors.ts";
import type { Notice } from "./notices.ts";
import type { Session } from "./sessions.ts";

/** What somebody sees who signs in on another device. */
export interface ShownDeviceFlow extends Omit<DeviceFlow, "connection"> {
  readonly connector: ConnectorKey;
}

/**
 * The device flows that run, one for each session. They are in this process only, as their device codes are: a restart
 * ends them.
 */
export interface DeviceFlows {
  /** Begins one, in place of one that the session has already. Rejects as `keeper.device` does. */
  readonly start: (session: Session, connector: ConnectorKey) => Promise<void>;
  /** The session's own, as long as its user has not decided. */
  readonly waiting: (session: Session) => ShownDeviceFlow | undefined;
  /** What came of it, once. Throws what nobody expected. */
  readonly takeEnd: (session: Session) => Notice | undefined;
  /** Waits no longer for its user, which is then what came of it. */
  readonly giveUp: (session: Session) => Promise<void>;
  /** The same for a session that ends: nobody will ask what came of it. */
  readonly forget: (session: Session) => void;
}

interface Flow {
  readonly shown: ShownDeviceFlow;
  readonly waiting: AbortController;
  readonly ended: Promise<void>;
  end?: () => Notice;
}

/** Sessions that nobody comes back to leave theirs behind: the oldest go first. */
const most = 100;

export function createDeviceFlows(keeper: SampleKeeper): DeviceFlows {
  const flows = new Map<string, Flow>();

  function remove(sessionId: string): void {
    flows.get(sessionId)?.waiting.abort();
    flows.delete(sessionId);
  }

  return {
    async start(session, connector) {
      const { connection, ...shown } = await keeper.device(connector, { owner: session.user.id });
      const waiting = new AbortController();
      const ended = endOf(connector, connection({ signal: waiting.signal })).then((end) => {
        flow.end = end;
      });
      const flow: Flow = { shown: { ...shown, connector }, waiting, ended };
      remove(session.id);
      flows.set(session.id, flow);
      const [oldest] = flows.keys();
      if (flows.size > most && oldest !== undefined) remove(oldest);
    },
    waiting(session) {
      const flow = flows.get(session.id);
      return flow?.end === undefined ? flow?.shown : undefined;
    },
    takeEnd(session) {
      const end = flows.get(session.id)?.end;
      if (end !== undefined) flows.delete(session.id);
      return end?.();
    },
    async giveUp(session) {
      const flow = flows.get(session.id);
      flow?.waiting.abort();
      await flow?.ended;
    },
    forget: ({ id }) => remove(id),
  };
}

async function endOf(connector: ConnectorKey, connecting: ReturnType<DeviceFlow["connection"]>): Promise<() => Notice> {
  try {
    const { account } = await (await connecting).status();
    return () => ({ kind: "connected", connector, account: accountName(account) });
  } catch (error) {
    if (isGrantkeeperError(error)) return () => ({ kind: "notConnected", connector, code: error.code });
    return () => {
      throw error;
    };
  }
}
