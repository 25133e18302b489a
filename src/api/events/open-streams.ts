/** Counts the open streams of each organization. */
export type OpenStreams = {
  /** Takes a place and returns what releases it. Returns null when the organization has no free place. */
  readonly open: (organizationId: string) => (() => void) | null;
};

/** Returns a counter of open streams that allows `max` at a time for each organization in this process. */
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
