import type { PartHealth, Trouble } from '../../api/monitoring/part-health.ts';

/** What a check says of a part: null when it is well. */
export type Checked = { readonly part: string; readonly trouble: Trouble | null };

/**
 * Returns what adds to each fault the instant at which it was first noticed. The instant stays while the part is in the
 * same state, also when the reason changes.
 */
export const createSince = (now: () => Date): ((checked: readonly Checked[]) => readonly PartHealth[]) => {
  const noticed = new Map<string, { readonly state: Trouble['state']; readonly since: string }>();
  return (checked) =>
    checked.map(({ part, trouble }): PartHealth => {
      if (trouble === null) {
        noticed.delete(part);
        return { part, state: 'ok' };
      }
      const before = noticed.get(part);
      const since = before?.state === trouble.state ? before.since : now().toISOString();
      noticed.set(part, { state: trouble.state, since });
      return { part, since, ...trouble };
    });
};
