/** Knows which tenants have sent requests lately. */
export type Activity = {
  readonly note: (tenant: string) => void;
  /** Returns true when another tenant has sent a request within the last second. */
  readonly hasOthers: (tenant: string) => boolean;
};

const activeMs = 1_000;

/** Returns the activity of a process. It needs only the last two tenants. */
export const createActivity = (elapsedMs: () => number): Activity => {
  let last = { tenant: '', atMs: Number.NEGATIVE_INFINITY };
  let lastOther = last;
  return {
    note: (tenant) => {
      if (tenant !== last.tenant) {
        lastOther = last;
        last = { tenant, atMs: elapsedMs() };
      } else last.atMs = elapsedMs();
    },
    hasOthers: (tenant) => elapsedMs() - (last.tenant === tenant ? lastOther : last).atMs < activeMs,
  };
};
