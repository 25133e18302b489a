import { AccessDeniedError, BACKWARDS, END, EventStoreDBClient, type ResolvedEvent } from '@eventstore/db-client';
import { collect } from './reading.ts';

/**
 * Returns the version of the store at `url`, as it reports it. Returns null when it does not say so within `timeoutMs`.
 * Does not throw.
 */
export const storeVersion = async (url: string, timeoutMs: number): Promise<string | null> => {
  const client = EventStoreDBClient.connectionString(url);
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, null);
  });
  try {
    // The client asks for it and offers no public way to read it.
    const features: unknown = await Promise.race([Reflect.get(client, 'capabilities'), silence]);
    if (typeof features !== 'object' || features === null || !('serverVersion' in features)) return null;
    return String(features.serverVersion);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    client.dispose().catch(() => undefined);
  }
};

/**
 * Returns what a read without a login gets from the store at `url`. Returns null when no answer within `timeoutMs` says
 * it. Does not throw.
 */
export const readWithoutLogin = async (url: string, timeoutMs: number): Promise<'REFUSED' | 'LET_IN' | null> => {
  const client = EventStoreDBClient.connectionString(url.replace(/\/\/[^@/?]*@/, '//'));
  try {
    await collect<ResolvedEvent>(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }), timeoutMs);
    return 'LET_IN';
  } catch (error) {
    return error instanceof AccessDeniedError ? 'REFUSED' : null;
  } finally {
    client.dispose().catch(() => undefined);
  }
};

/**
 * Returns when the store at `url` recorded its newest event, by its own clock. Returns null for an empty log, and when it
 * does not answer within `timeoutMs`. Does not throw.
 */
export const readNewestTime = async (url: string, timeoutMs: number): Promise<Date | null> => {
  const client = EventStoreDBClient.connectionString(url);
  try {
    const reading = client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 });
    const [newest] = await collect<ResolvedEvent>(reading, timeoutMs);
    return newest?.event?.created ?? null;
  } catch {
    return null;
  } finally {
    client.dispose().catch(() => undefined);
  }
};
