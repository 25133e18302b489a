import type { LicenseFacts, Usage } from '../../domain/license/license.ts';

/** The facts in the column `more` (db/read-models/010-licenses.sql). */
export type More = Pick<LicenseFacts, (typeof fields)[number]> & { readonly usage: Omit<Usage, 'activations'> };

const fields = [
  'offer',
  'awaited',
  'renewal',
  'scheduled',
  'suspendedFor',
  'graceEndedTerm',
  'expirySetAt',
  'reminded',
  'keyOverlaps',
  'maintenanceUntil',
  'maintenanceSoldForEver',
  'maintenanceFromPolicy',
  'imported',
  'replaces',
  'replacedBy',
  'endings',
  'overtakenExpiries',
  'formerHolders',
  'nextTerms',
  'metersAfterEnd',
  'meterPeriods',
  'meterSums',
  'countersFrom',
  'usageEvents',
  'entitlementsEndedAt',
  'announcedEnds',
  'afterTrial',
  'withheldSeats',
  'overuseStays',
  'overrides',
] as const satisfies readonly (keyof LicenseFacts)[];

/** The values of a plain license. Most licenses are plain. */
export const plainMore: More = {
  usage: { seats: 0, users: 0, meters: {} },
  offer: null,
  awaited: null,
  renewal: 'manual',
  scheduled: [],
  suspendedFor: [],
  graceEndedTerm: 0,
  expirySetAt: null,
  reminded: [],
  keyOverlaps: [],
  maintenanceUntil: null,
  maintenanceSoldForEver: false,
  maintenanceFromPolicy: false,
  imported: null,
  replaces: null,
  replacedBy: null,
  endings: [],
  overtakenExpiries: [],
  formerHolders: [],
  nextTerms: [],
  metersAfterEnd: {},
  meterPeriods: {},
  meterSums: {},
  countersFrom: null,
  usageEvents: 0,
  entitlementsEndedAt: null,
  announcedEnds: [],
  afterTrial: null,
  withheldSeats: [],
  overuseStays: false,
  overrides: null,
};

/** Returns the value of the column: only what differs from a plain license, which is nothing for most licenses. */
export const moreOf = (facts: LicenseFacts): Partial<More> => {
  const more: Record<string, unknown> = {};
  const { seats, users, meters } = facts.usage;
  if (seats !== 0 || users !== 0 || Object.keys(meters).length > 0) more.usage = { seats, users, meters };
  for (const field of fields) if (!isPlain(facts[field], plainMore[field])) more[field] = facts[field];
  return more;
};

/** Reads the value of the column and completes it. Returns `plainMore` itself for a plain license. */
export const readMore = (text: string): More => (text === '{}' ? plainMore : { ...plainMore, ...JSON.parse(text) });

// An empty list or object is plain.
const isPlain = (value: unknown, plain: unknown): boolean =>
  value === plain || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
