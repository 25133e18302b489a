import type { AnswerOf } from '@license-ledger/client';
import type { Session } from '../session/session.ts';
import { hasTypingError } from './key-check.ts';

/** A license that a search has found, and the part of it to open: a device, the users, or the event. */
export type Hit = AnswerOf<'searchLicenses'>['data'][number] & { readonly part?: string };

/** An event that a search has found by its id. */
export type EventHit = Pick<AnswerOf<'getEvent'>, 'id' | 'type' | 'subject' | 'recordedtime'>;

/** What a search has found. `isWrong`: the text is a license key with a typing error, and was not sent. */
export type Findings = {
  readonly hits: readonly Hit[];
  readonly event: EventHit | null;
  readonly isWrong: boolean;
};

type Search = {
  readonly session: Pick<Session, 'call'>;
  readonly organizationId: string;
  /** Whether the user may read events. */
  readonly mayReadEvents: boolean;
  readonly signal: AbortSignal;
};

const nothing: Findings = { hits: [], event: null, isWrong: false };

const eventId = /^evt_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** Finds what has a text: an event by its id, otherwise licenses by everything that a customer may send. */
export const findAnything = async (text: string, search: Search): Promise<Findings> => {
  if (await hasTypingError(text)) return { ...nothing, isWrong: true };
  if (eventId.test(text)) return { ...nothing, event: search.mayReadEvents ? await eventOf(text, search) : null };
  const { session, organizationId, signal } = search;
  const body = { text, limit: 10 };
  const { data } = await session.call(organizationId, 'searchLicenses', { body }, { signal });
  const devices = data.data.some(isByDevice) ? await devicesOf(text, search) : new Map<string, string>();
  return { ...nothing, hits: data.data.map((hit) => withPart(hit, devices)) };
};

const eventOf = async (text: string, { session, organizationId, signal }: Search): Promise<EventHit | null> => {
  try {
    return (await session.call(organizationId, 'getEvent', { params: { eventId: text } }, { signal })).data;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
};

const isMissing = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'NOT_FOUND';

type Found = AnswerOf<'searchLicenses'>['data'][number];

const isByDevice = ({ matchedBy }: Found): boolean => matchedBy.includes('DEVICE') || matchedBy.includes('DEVICE_NAME');

/** Returns the device of each license that has the text as its fingerprint or its name. */
const devicesOf = async (
  text: string,
  { session, organizationId, signal }: Search,
): Promise<ReadonlyMap<string, string>> => {
  const lists = await Promise.all(
    [{ name: text.slice(0, 200) }, { fingerprint: text }].map((filter) =>
      session.call(organizationId, 'searchActivations', { query: { ...filter, limit: 100 } }, { signal }),
    ),
  );
  return new Map(lists.flatMap(({ data }) => data.data.map(({ licenseId, id }) => [licenseId, id] as const)));
};

const withPart = (hit: Found, devices: ReadonlyMap<string, string>): Hit => {
  const device = devices.get(hit.license.id);
  if (isByDevice(hit) && device !== undefined) return { ...hit, part: device };
  return hit.matchedBy.includes('USER') ? { ...hit, part: 'users' } : hit;
};
