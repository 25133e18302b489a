import type { Recorded } from '../../src/eventstore/event-store.ts';
import type { Fields, Ledger } from './ledger.ts';

/** One event as `/v1/events/stream` sends it. */
export type Sent = { readonly id: string; readonly event: string; readonly data: Fields };

/** A stream that is being read. */
export type OpenStream = {
  readonly response: Response;
  /** The next event; null when the stream has ended. Comments and cursors without an event are passed over. */
  readonly next: () => Promise<Sent | null>;
  /** The last id that came, with an event or without. */
  readonly lastId: () => string;
  /** How many comments came. */
  readonly comments: () => number;
  /** Goes away. */
  readonly leave: () => void;
};

/** Opens `/v1/events/stream`. */
export const openStream = async (
  ledger: Pick<Ledger, 'baseUrl'>,
  { key, query = '', lastEventId }: { readonly key: string; readonly query?: string; readonly lastEventId?: string },
): Promise<OpenStream> => {
  const leaving = new AbortController();
  const response = await fetch(`${ledger.baseUrl}/v1/events/stream${query}`, {
    headers: {
      authorization: `Bearer ${key}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: leaving.signal,
  });
  // A refusal is read otherwise.
  const reader = response.ok ? response.body?.pipeThrough(new TextDecoderStream()).getReader() : undefined;
  let text = '';
  let lastId = '';
  let comments = 0;
  const next = async (): Promise<Sent | null> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end === -1) {
        const piece = await reader?.read();
        if (piece === undefined || piece.done) return null;
        text += piece.value;
        continue;
      }
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      comments += lines.filter((line) => line.startsWith(':')).length;
      lastId = field('id') ?? lastId;
      const data = field('data');
      if (data !== undefined) return { id: lastId, event: field('event') ?? '', data: JSON.parse(data) };
    }
  };
  return { response, next, lastId: () => lastId, comments: () => comments, leave: () => leaving.abort() };
};

/** The ids of all the feed has from a cursor on, and where it ends. */
export const readFeed = async (
  ledger: Pick<Ledger, 'call'>,
  key: string,
  { cursor, query = '' }: { readonly cursor?: string | undefined; readonly query?: string } = {},
): Promise<{ readonly ids: readonly string[]; readonly cursor: string }> => {
  const ids: string[] = [];
  let at = cursor;
  for (;;) {
    const answer = await ledger.call('GET', `/v1/events?${query}${at === undefined ? '' : `&cursor=${at}`}`, { key });
    if (answer.status !== 200) throw new Error(`The feed was not read: ${answer.text}`);
    ids.push(...Object.values(answer.body.data ?? {}).map(({ id }) => String(id)));
    at = String(answer.body.nextCursor);
    if (String(answer.body.hasMore) === 'false') return { ids, cursor: at };
  }
};

/**
 * Returns what a log has for an organization: the events of licenses that it issues, and of those that it holds from the
 * event on that makes it the holder up to the one that makes another organization the holder. What a transfer ends is of the
 * holder before it, wherever its announcement stands.
 */
export const feedIn = (log: readonly Recorded[], organizationId: string): readonly Recorded[] => {
  const holders = new Map<string, unknown>();
  const previous = new Map<string, unknown>();
  return log.filter(({ stream, type, data, metadata }) => {
    if (!stream.startsWith('license-')) return false;
    if (type === 'LicenseIssued' || type === 'LicenseImported') holders.set(stream, data.holderOrgId);
    const before = holders.get(stream);
    if (type === 'LicenseTransferred') {
      previous.set(stream, before);
      holders.set(stream, data.toHolderOrgId);
    }
    const isAnnounced = data.cause === 'TRANSFER' && previous.has(stream);
    const owners = isAnnounced ? [previous.get(stream)] : [before, holders.get(stream)];
    return metadata.issuerOrgId === organizationId || owners.includes(organizationId);
  });
};
