import { checkActor, runAs } from "./actor.ts";
import type { Connection, IdentifiedConnection } from "./connection/connection.ts";
import { GrantkeeperError } from "./errors.ts";
import { checkOwner } from "./flow/flow.ts";
import type { CallbackRequest } from "./flow/types.ts";
import type { Keeper, Permission, Restriction } from "./keeper-api.ts";

const permissions: readonly Permission[] = [
  ...(["token", "fetch", "status", "reconnect", "requireScopes", "stepUp"] as const),
  ...(["disconnect", "setMetadata"] as const),
  ...(["connect", "list"] as const),
];

/** Checked at run time too, since types are gone by then. Throws `invalid_config` for a restriction that makes no sense. */
export function restrictKeeper(keeper: Keeper, restriction: Restriction<Permission, string>): object {
  checkRestriction(keeper, restriction);
  const { actor, may, connectors, owner } = restriction;
  if (owner !== undefined) checkOwner(owner);

  function assertMay(permission: Permission): void {
    if (!may.includes(permission)) throw notPermitted(`${actor} may not do this: ${permission}.`);
  }

  function assertConnector(connector: string | undefined): void {
    const allowed = connectors === undefined || (connector !== undefined && connectors.includes(connector));
    if (!allowed) throw notPermitted(`${actor} may not use this connector.`);
  }

  /** The owner that counts: nobody gets at another's by leaving it out. */
  function ownOwner<Given extends string | undefined>(given: Given): Given | string {
    if (owner === undefined) return given;
    if (given !== undefined && given !== owner) throw notPermitted(`${actor} may not act for this owner.`);
    return owner;
  }

  function restricted<C extends Connection>(connection: C): object {
    const methods = permissions.flatMap((permission) => {
      if (!(permission in connection)) return [];
      const name = permission as keyof Omit<Connection, "connector">;
      const call = async (...given: readonly unknown[]): Promise<unknown> => {
        assertMay(permission);
        const work = connection[name] as (...given: readonly unknown[]) => Promise<unknown>;
        return runAs(actor, () => work.apply(connection, [...given]));
      };
      return [[name, call] as const];
    });
    const { connector, id } = connection as C & Partial<IdentifiedConnection>;
    return { connector, ...(id === undefined ? {} : { id }), ...Object.fromEntries(methods) };
  }

  return {
    connection(connector: string, selector: { readonly id?: string; readonly owner?: string }) {
      assertConnector(connector);
      const own = ownOwner(selector.owner);
      const narrowed = own === undefined ? selector : { ...selector, owner: own };
      return restricted(keeper.connection(connector, narrowed as { readonly id: string }));
    },
    async start(connector: string, options: Parameters<Keeper["start"]>[1]) {
      assertMay("connect");
      assertConnector(connector);
      return runAs(actor, () => keeper.start(connector, { ...options, owner: ownOwner(options.owner) }));
    },
    async finish(request: CallbackRequest, options: { readonly owner: string }) {
      assertMay("connect");
      // The last segments of the callback are the connector and `callback`.
      assertConnector(URL.parse(request.url)?.pathname.split("/").at(-2));
      const own = ownOwner(options.owner);
      const { connection, returnTo } = await runAs(actor, () => keeper.finish(request, { owner: own }));
      return { connection: restricted(connection), returnTo };
    },
    async device(connector: string, options: Parameters<Keeper["device"]>[1]) {
      assertMay("connect");
      assertConnector(connector);
      const own = { ...options, owner: ownOwner(options.owner) };
      const { connection, ...shown } = await runAs(actor, () => keeper.device(connector, own));
      const waited: typeof connection = (wait) => runAs(actor, () => connection(wait));
      return {
        ...shown,
        connection: async (wait?: Parameters<typeof connection>[0]) => restricted(await waited(wait)),
      };
    },
    async connect(connector: string, options: Parameters<Keeper["connect"]>[1]) {
      assertMay("connect");
      assertConnector(connector);
      const own = { ...options, owner: ownOwner(options.owner) };
      return restricted(await runAs(actor, () => keeper.connect(connector, own)));
    },
    async *connections(filter: NonNullable<Parameters<Keeper["connections"]>[0]> = {}) {
      assertMay("list");
      if (filter.connector !== undefined) assertConnector(filter.connector);
      const own = ownOwner(filter.owner);
      for await (const connection of keeper.connections(own === undefined ? filter : { ...filter, owner: own })) {
        if (connectors === undefined || connectors.includes(connection.connector)) yield restricted(connection);
      }
    },
  };
}

function checkRestriction(keeper: Keeper, { actor, may, connectors }: Restriction<Permission, string>): void {
  checkActor(actor, "invalid_config");
  if (!Array.isArray(may) || may.some((permission) => !permissions.includes(permission))) {
    throw new GrantkeeperError("invalid_config", `may holds something else than ${permissions.join(", ")}.`);
  }
  const unknown = connectors?.find((connector) => !Object.hasOwn(keeper.connectors, connector));
  if (unknown !== undefined) {
    throw new GrantkeeperError("invalid_config", "connectors holds one that this keeper does not have.");
  }
}

function notPermitted(message: string): GrantkeeperError {
  return new GrantkeeperError("not_permitted", message);
}
