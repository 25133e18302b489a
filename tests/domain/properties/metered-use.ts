import type { CommandOf } from '../../../src/domain/license/commands.ts';
import { hour, ms } from './draw.ts';
import { withLate } from './late-use.ts';
import { first, type newRecord, type Verdict } from './record.ts';

const minute = hour / 60;
const day = 24 * hour;

type Record = ReturnType<typeof newRecord>;
type Sent = CommandOf<'RecordUsage'>['data']['entries'][number];

/** Returns the rule of metered usage. Without rows of the read models an id is known for 70 minutes. */
export const newMeteredUse = ({ m, put, setTerm, unusable, capacity }: Record) => {
  const isBehind = (events: number | undefined) => {
    const missing = events === undefined ? undefined : m.metered.events[events];
    return missing !== undefined && m.now >= missing + 30 * minute;
  };
  return ({ meter, entries, earlier }: CommandOf<'RecordUsage'>['data']): Verdict => {
    if (m.awaits === 'FIRST_VALIDATION') setTerm(m.now, m.now + m.span);
    const limit = m.limits.meters[meter];
    // What a meter counted before the license lost it can be corrected.
    const hasCounted = Object.keys(m.metered.counted).some((id) => id.startsWith(`${meter} `));
    if (limit === undefined && !hasCounted) return 'LIMIT_INVALID';
    const behind = isBehind(earlier?.events);
    const thisMinute = Math.floor(m.now / minute);
    if (m.metered.minute !== thisMinute) m.metered = { ...m.metered, minute: thisMinute, inMinute: 0 };
    let last: 'use' | 'correction' | null = null;
    const known = (id: string) => {
      const counted = m.metered.counted[`${meter} ${id}`];
      return counted !== undefined && m.now < counted.at + 70 * minute ? counted : undefined;
    };
    const refusedInstant = ({ occurredAt }: Sent) => {
      const occurred = ms(occurredAt);
      return {
        USAGE_TIMESTAMP_OUT_OF_RANGE: occurred < m.now - 35 * day || occurred > m.now + 5 * minute,
        NOT_PROJECTED_YET: behind && occurred < m.now - hour,
      };
    };
    const isFull = () => m.metered.inMinute >= (m.policy.usagePerMinute ?? 600);
    /** Notes an entry, and an event when the entry before it was of the other kind. Returns the number of the event. */
    const note = ({ usageId, quantity, commandId, corrects }: Sent): number => {
      const kind = corrects === undefined ? 'use' : 'correction';
      const events = last === kind ? m.metered.events : [...m.metered.events, m.now];
      last = kind;
      const entry = { at: m.now, quantity, command: commandId, event: events.length, corrects, corrected: 0 };
      const counted = { ...m.metered.counted, [`${meter} ${usageId}`]: entry };
      put({ metered: { ...m.metered, counted, events, inMinute: m.metered.inMinute + 1 } });
      return events.length;
    };
    const add = (quantity: number, event: number): Verdict => {
      if (m.meters[meter] === undefined) put({ firsts: { ...m.firsts, [meter]: event } });
      put({ meters: { ...m.meters, [meter]: (m.meters[meter] ?? 0) + quantity } });
      return put(withLate(m, { meter, quantity, event }));
    };
    const correct = (sent: Sent, corrects: string): Verdict => {
      const use = known(corrects);
      const refused = first({
        ...refusedInstant(sent),
        RATE_LIMITED: isFull(),
        USAGE_NOT_FOUND: use?.corrects !== undefined || (use === undefined && !behind),
      });
      if (refused !== undefined || use === undefined) return refused ?? 'NOT_PROJECTED_YET';
      const corrected = use.corrected - sent.quantity;
      if (corrected > use.quantity) return 'CORRECTION_EXCEEDS_USAGE';
      const counted = { ...m.metered.counted, [`${meter} ${corrects}`]: { ...use, corrected } };
      put({ metered: { ...m.metered, counted } });
      note(sent);
      const { event } = use;
      if (m.meters[meter] === undefined || event < (m.firsts[meter] ?? 0)) return 'done';
      if (event < (m.metered.resets[meter] ?? 0)) return 'done';
      put({ meters: { ...m.meters, [meter]: m.meters[meter] + sent.quantity } });
      const isLate = meter in m.late.meters && event >= (m.late.firsts[meter] ?? 0);
      return put(isLate && withLate(m, { meter, quantity: sent.quantity }));
    };
    const judge = (sent: Sent): Verdict => {
      const { usageId, quantity, corrects } = sent;
      const same = known(usageId);
      if (same !== undefined)
        return same.quantity === quantity && same.corrects === corrects ? 'nothing' : 'USAGE_ID_REUSED';
      if (corrects !== undefined) return correct(sent, corrects);
      if (limit === undefined) return 'LIMIT_INVALID';
      const refused =
        unusable(null, null) ??
        first({
          ...refusedInstant(sent),
          QUOTA_EXCEEDED: (m.meters[meter] ?? 0) + quantity > capacity(limit),
          RATE_LIMITED: isFull(),
        });
      return refused ?? add(quantity, note(sent));
    };
    const verdicts = entries.map(judge);
    if (verdicts.includes('done')) return 'done';
    return verdicts.includes('nothing') ? 'nothing' : (verdicts[0] ?? 'nothing');
  };
};

/** Returns the rule of a reset: the counter of the meter becomes 0, also for a term from the end of the last one. */
export const newReset =
  ({ m, put }: Record) =>
  ({ meter }: CommandOf<'ResetUsage'>['data']): Verdict => {
    if (m.limits.meters[meter] === undefined) return 'LIMIT_INVALID';
    if ((m.meters[meter] ?? 0) === 0) return 'nothing';
    const events = [...m.metered.events, m.now];
    const resets = { ...m.metered.resets, [meter]: events.length };
    const { [meter]: _, ...late } = m.late.meters;
    return put({
      meters: { ...m.meters, [meter]: 0 },
      metered: { ...m.metered, events, resets },
      late: { ...m.late, meters: late },
    });
  };
