import type { Adapter, AdapterFactory, AdapterPayload } from "oidc-provider";

/** A store for oidc-provider in memory that never evicts: its own holds 1000 entries and then forgets grants. */
export function memoryAdapter(): AdapterFactory {
  const entries = new Map<string, AdapterPayload>();
  const byUid = new Map<string, string>();
  const byUserCode = new Map<string, string>();
  const byGrant = new Map<string, Set<string>>();

  return (model): Adapter => {
    const key = (id: string) => `${model}:${id}`;
    return {
      upsert: async (id, payload) => {
        entries.set(key(id), payload);
        if (payload.uid !== undefined) byUid.set(`${model}:${payload.uid}`, id);
        if (payload.userCode !== undefined) byUserCode.set(payload.userCode, id);
        if (payload.grantId === undefined) return;
        const members = byGrant.get(payload.grantId) ?? new Set();
        byGrant.set(payload.grantId, members.add(key(id)));
      },
      find: async (id) => entries.get(key(id)),
      findByUid: async (uid) => entries.get(key(byUid.get(`${model}:${uid}`) ?? "")),
      findByUserCode: async (userCode) => entries.get(key(byUserCode.get(userCode) ?? "")),
      consume: async (id) => {
        const payload = entries.get(key(id));
        if (payload) payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => {
        entries.delete(key(id));
      },
      revokeByGrantId: async (grantId) => {
        for (const member of byGrant.get(grantId) ?? []) entries.delete(member);
        byGrant.delete(grantId);
      },
    };
  };
}
