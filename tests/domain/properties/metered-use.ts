import type { CommandOf } from '../../../src/domain/license/commands.ts';
import { hour, ms } from './draw.ts';
import { withLate } from './late-use.ts';
import { first, type newRecord, type Verdict } from './record.ts';

const minute = hour / 60;
const day = 24 * hour;

/** Returns the rule of metered usage. Without rows of the read models an id is known for 70 minutes. */
export const newMeteredUse = ({ m, put, setTerm, unusable, capacity }: ReturnType<typeof newRecord>) => {
  const isBehind = (events: number | undefined) => {
    const missing = events === undefined ? undefined : m.metered.events[events];
    return missing !== undefined && m.now >= missing + 30 * minute;
  };
  return ({ meter, entries, earlier }: CommandOf<'RecordUsage'>['data']): Verdict => {
    if (m.awaits === 'FIRST_VALIDATION') setTerm(m.now, m.now + m.span);
    const limit = m.limits.meters[meter];
    if (limit === undefined) return 'LIMIT_INVALID';
    const thisMinute = Math.floor(m.now / minute);
    let { counted } = m.metered;
    let inMinute = m.metered.minute === thisMinute ? m.metered.inMinute : 0;
    let [total, added] = [m.meters[meter] ?? 0, 0];
    const judge = ({ usageId, quantity, occurredAt, commandId }: (typeof entries)[number]): Verdict => {
      const id = `${meter} ${usageId}`;
      const known = counted[id];
      if (known !== undefined && m.now < known.at + 70 * minute)
        return known.quantity === quantity ? 'nothing' : 'USAGE_ID_REUSED';
      const occurred = ms(occurredAt);
      const refused =
        unusable(null, null) ??
        first({
          USAGE_TIMESTAMP_OUT_OF_RANGE: occurred < m.now - 35 * day || occurred > m.now + 5 * minute,
          NOT_PROJECTED_YET: isBehind(earlier?.events) && occurred < m.now - hour,
          QUOTA_EXCEEDED: total + quantity > capacity(limit),
          RATE_LIMITED: inMinute >= (m.policy.usagePerMinute ?? 600),
        });
      if (refused !== undefined) return refused;
      counted = { ...counted, [id]: { at: m.now, quantity, command: commandId } };
      [inMinute, total, added] = [inMinute + 1, total + quantity, added + quantity];
      return 'done';
    };
    const verdicts = entries.map(judge);
    if (!verdicts.includes('done')) return verdicts.includes('nothing') ? 'nothing' : (verdicts[0] ?? 'nothing');
    const events = [...m.metered.events, m.now];
    put({ metered: { counted, events, minute: thisMinute, inMinute }, meters: { ...m.meters, [meter]: total } });
    return put(withLate(m, { meter, quantity: added }));
  };
};
