import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Position } from '../eventstore/event-store.ts';
import { type Projection, projectedChannel, readCheckpoint } from './checkpoint.ts';
import type { Log } from './log.ts';
import { connectionConfig } from './pool.ts';
import { activeProjection } from './versions.ts';

type Options = { readonly url: string; readonly log: Log; readonly projection?: Projection };

export type ProjectedWaiter = {
  /** True as soon as the read models contain the event at this commit position; false when the time is over. */
  readonly waitFor: (position: bigint, timeoutMs: number) => Promise<boolean>;
  /** The commit position that the read models are known to contain; null: unknown. */
  readonly current: () => bigint | null;
  /** How many notices of the projector have come so far; to be asked before reading what the next one may change. */
  readonly heard: () => number;
  /**
   * Resolves when more notices than `since` have come, the time is over, the signal was given, or on `stop`. A notice can be
   * lost with its connection, so whoever waits for long must look by itself now and then.
   */
  readonly hear: (since: number, options: { timeoutMs: number; signal: AbortSignal }) => Promise<void>;
  /** Ends every wait with false and closes the connection. */
  readonly stop: () => Promise<void>;
};

/**
 * Lets readers wait for the projector. One connection of its own listens for its commits; while somebody waits for a
 * position, the checkpoint is also read every 25 ms, because a notice can be lost with its connection. Connects again when
 * needed.
 */
export const createProjectedWaiter = ({ url, log, projection }: Options): ProjectedWaiter => {
  const waits = new Set<Wait>();
  const hearers = new Set<() => void>();
  let heard = 0;
  let current: bigint | null = null;
  let listener: pg.Client | null = null;
  let polling: Promise<void> | null = null;
  let stopped = false;

  const advance = (position: bigint) => {
    if (current !== null && position <= current) return;
    current = position;
    for (const wait of waits) if (wait.position <= position) wait.end(true);
  };

  const ring = () => {
    heard += 1;
    for (const end of [...hearers]) end();
  };

  // Postgres may come back from a crash with older rows than it had announced, so what was known is not known any more.
  const lose = (client: pg.Client, error: unknown) => {
    client.end().catch(() => undefined);
    if (listener !== client) return;
    listener = null;
    current = null;
    if (stopped) return;
    log.warn({ err: error }, 'The connection that waits for the projector was lost.');
    if (hearers.size > 0) polling ??= poll();
  };

  const listen = async (): Promise<pg.Client> => {
    const client = new pg.Client(connectionConfig({ url, role: 'ledger_api', applicationName: 'ledger-projected' }));
    listener = client;
    client.on('error', (error) => lose(client, error));
    client.on('end', () => lose(client, 'It was closed.'));
    client.on('notification', ({ payload }) => {
      if (listener !== client || payload === undefined) return;
      advance(BigInt(payload));
      ring();
    });
    try {
      await client.connect();
      await client.query(`listen ${projectedChannel}`);
      // What came before is not announced again.
      ring();
      return client;
    } catch (error) {
      lose(client, error);
      throw error;
    }
  };

  // Who hears needs the connection only.
  const isNeeded = () => waits.size > 0 || (hearers.size > 0 && listener === null);

  const poll = async (): Promise<void> => {
    do {
      let waitMs = pollMs;
      const client = listener ?? (await listen().catch(() => null));
      try {
        const position = client === null ? 'start' : await projectedTo(client, projection);
        if (position !== 'start' && listener === client) advance(position.commit);
      } catch (error) {
        if (client !== null) lose(client, error);
      }
      if (client === null) waitMs = reconnectMs;
      if (isNeeded() && !stopped) await delay(waitMs);
    } while (isNeeded() && !stopped);
    polling = null;
  };
  // Connected before the first reader waits.
  polling = poll();

  return {
    current: () => current,
    waitFor: (position, timeoutMs) => {
      if (current !== null && current >= position) return Promise.resolve(true);
      if (stopped) return Promise.resolve(false);
      const reached = new Promise<boolean>((resolve) => waits.add(newWait(position, timeoutMs, waits, resolve)));
      polling ??= poll();
      return reached;
    },
    heard: () => heard,
    hear: (since, { timeoutMs, signal }) => {
      if (heard > since || stopped || signal.aborted) return Promise.resolve();
      if (listener === null) polling ??= poll();
      return new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', end);
          hearers.delete(end);
          resolve();
        };
        const timer = setTimeout(end, timeoutMs);
        signal.addEventListener('abort', end);
        hearers.add(end);
      });
    },
    stop: async () => {
      stopped = true;
      ring();
      for (const wait of waits) wait.end(false);
      await polling;
      const client = listener;
      listener = null;
      await client?.end();
    },
  };
};

const projectedTo = async (client: pg.Client, projection: Projection | undefined): Promise<Position | 'start'> =>
  (await readCheckpoint(client, projection ?? (await activeProjection(client)))).position;

const pollMs = 25;
const reconnectMs = 200;

type Wait = { readonly position: bigint; readonly end: (reached: boolean) => void };

const newWait = (position: bigint, timeoutMs: number, waits: Set<Wait>, resolve: (reached: boolean) => void): Wait => {
  const wait: Wait = {
    position,
    end: (reached) => {
      clearTimeout(timer);
      waits.delete(wait);
      resolve(reached);
    },
  };
  const timer = setTimeout(() => wait.end(false), timeoutMs);
  return wait;
};
