/** Counts what is open at the same time, by organization. */
export type OpenStreams = {
  /** Takes a place, and returns what gives it back; null when the organization has all of its places taken. */
  readonly open: (organizationId: string) => (() => void) | null;
};

/** At most `max` at a time for one organization, in this process. */
export const createOpenStreams = (max: number): OpenStreams => {
  const counts = new Map<string, number>();
  return {
    open: (organizationId) => {
      const count = counts.get(organizationId) ?? 0;
      if (count >= max) return null;
      counts.set(organizationId, count + 1);
      let isOpen = true;
      return () => {
        if (!isOpen) return;
        isOpen = false;
        const left = (counts.get(organizationId) ?? 1) - 1;
        if (left > 0) counts.set(organizationId, left);
        else counts.delete(organizationId);
      };
    },
  };
};
