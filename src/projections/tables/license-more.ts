import type { LicenseFacts, Usage } from '../../domain/license/license.ts';

/** What of the facts stands in the column `more` (db/read-models/010-licenses.sql). */
export type More = Pick<
  LicenseFacts,
  | 'timeZone'
  | 'awaited'
  | 'renewal'
  | 'scheduled'
  | 'graceEndedTerm'
  | 'expirySetAt'
  | 'reminded'
  | 'keyOverlaps'
  | 'maintenanceUntil'
  | 'imported'
  | 'replaces'
  | 'replacedBy'
  | 'endings'
  | 'overtakenExpiries'
> & { readonly usage: Omit<Usage, 'activations'> };

/** What is to be written: only what a plain license has not, so nothing for fixedLimits. */
export const moreOf = (facts: LicenseFacts): Partial<More> => {
  const { timeZone, awaited, renewal, scheduled, graceEndedTerm, expirySetAt, reminded, keyOverlaps } = facts;
  const { maintenanceUntil, imported, replaces, replacedBy, endings, overtakenExpiries } = facts;
  const { seats, users, meters } = facts.usage;
  const isPlainUse = seats === 0 && users === 0 && Object.keys(meters).length === 0;
  return {
    ...(isPlainUse ? {} : { usage: { seats, users, meters } }),
    ...(timeZone === plain.timeZone ? {} : { timeZone }),
    ...(awaited === null ? {} : { awaited }),
    ...(renewal === plain.renewal ? {} : { renewal }),
    ...(scheduled.length === 0 ? {} : { scheduled }),
    ...(graceEndedTerm === 0 ? {} : { graceEndedTerm }),
    ...(expirySetAt === null ? {} : { expirySetAt }),
    ...(reminded.length === 0 ? {} : { reminded }),
    ...(keyOverlaps.length === 0 ? {} : { keyOverlaps }),
    ...(maintenanceUntil === null ? {} : { maintenanceUntil }),
    ...(imported === null ? {} : { imported }),
    ...(replaces === null ? {} : { replaces }),
    ...(replacedBy === null ? {} : { replacedBy }),
    ...(endings.length === 0 ? {} : { endings }),
    ...(overtakenExpiries.length === 0 ? {} : { overtakenExpiries }),
  };
};

/** What `moreOf` wrote, completed to what it means. */
export const readMore = (text: string): More => {
  if (text === '{}') return plain;
  const written: Partial<More> = JSON.parse(text);
  return { ...plain, ...written };
};

const plain: More = {
  usage: { seats: 0, users: 0, meters: {} },
  timeZone: 'UTC',
  awaited: null,
  renewal: 'manual',
  scheduled: [],
  graceEndedTerm: 0,
  expirySetAt: null,
  reminded: [],
  keyOverlaps: [],
  maintenanceUntil: null,
  imported: null,
  replaces: null,
  replacedBy: null,
  endings: [],
  overtakenExpiries: [],
};
