import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { createWakeUp } from '../async/wake-up.ts';
import type { Log } from '../postgres/log.ts';
import { projectedChannel, readNotice } from './checkpoint.ts';
import { connectionConfig } from './connect.ts';
import type { Release } from './release.ts';
import { readModelsName } from './versions.ts';

type Options = { readonly url: string; readonly log: Log; readonly release?: Release };

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
  /**
   * Forgets what was known, because the caller has seen a sign that Postgres may have lost it: a new connection after a
   * crash sees older rows than the projector had announced.
   */
  readonly doubt: () => void;
  /** Ends every wait with false and closes the connection. */
  readonly stop: () => Promise<void>;
};

/**
 * Lets readers wait for the projector. One connection of its own listens for its commits; while somebody waits for a
 * position, the checkpoint is also read every 25 ms, because a notice can be lost with its connection. Connects again when
 * needed.
 */
export const createProjectedWaiter = ({ url, log, release }: Options): ProjectedWaiter => {
  const waits = new Set<Wait>();
  const hearers = new Set<() => void>();
  let heard = 0;
  let known: Known = nothingKnown;
  let listener: pg.Client | null = null;
  let polling: Promise<void> | null = null;
  let stopped = false;

  // Positions of one version only grow; another version may stand before them, after the log was restored.
  const learn = ({ version, commit }: Known) => {
    const isOlder = version === known.version && commit !== null && known.commit !== null && commit <= known.commit;
    if (isOlder) return;
    known = { version, commit };
    if (commit !== null) for (const wait of waits) if (wait.position <= commit) wait.end(true);
  };

  const ring = () => {
    heard += 1;
    for (const wake of hearers) wake();
  };

  // Postgres may come back from a crash with older rows than it had announced, so what was known is not known any more.
  const lose = (client: pg.Client, error: unknown) => {
    client.end().catch(() => undefined);
    if (listener !== client) return;
    listener = null;
    known = nothingKnown;
    if (stopped) return;
    log.warn({ err: error }, 'The connection that waits for the projector was lost.');
    if (hearers.size > 0) polling ??= poll();
  };

  const listen = async (): Promise<pg.Client> => {
    const client = new pg.Client(
      connectionConfig({
        ...{ url, role: 'ledger_api', applicationName: 'ledger-projected' },
        ...(release === undefined ? {} : { release }),
      }),
    );
    listener = client;
    client.on('error', (error) => lose(client, error));
    client.on('end', () => lose(client, 'It was closed.'));
    client.on('notification', ({ payload }) => {
      const notice = readNotice(payload ?? '');
      if (listener !== client || notice === null) return;
      learn(notice);
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
        const since = heard;
        const read = client === null ? null : await readKnown(client);
        // A notice that came meanwhile may be of a version that took over after this was read.
        if (read !== null && listener === client && (heard === since || read.version === known.version)) learn(read);
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
    current: () => known.commit,
    doubt: () => {
      known = nothingKnown;
    },
    waitFor: (position, timeoutMs) => {
      if (known.commit !== null && known.commit >= position) return Promise.resolve(true);
      if (stopped) return Promise.resolve(false);
      const reached = new Promise<boolean>((resolve) => waits.add(newWait(position, timeoutMs, waits, resolve)));
      polling ??= poll();
      return reached;
    },
    heard: () => heard,
    hear: async (since, { timeoutMs, signal }) => {
      if (heard > since || stopped || signal.aborted) return;
      if (listener === null) polling ??= poll();
      const { wake, wait } = createWakeUp();
      hearers.add(wake);
      signal.addEventListener('abort', wake);
      await wait(timeoutMs);
      signal.removeEventListener('abort', wake);
      hearers.delete(wake);
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

/** What is known of the version that serves. `commit`: the position that it contains; null: none can be told. */
type Known = { readonly version: number; readonly commit: bigint | null };

const nothingKnown: Known = { version: 0, commit: null };

const readKnown = async (client: pg.Client): Promise<Known | null> => {
  const { rows } = await client.query<{ version: number; commit: string | null }>(
    `select v.version, case when not v.is_of_other_log then k.commit_position end as commit
      from ops.projection_versions v join ops.checkpoints k using (projection, version)
      where v.projection = $1 and v.state = 'active'`,
    [readModelsName],
  );
  const [row] = rows;
  return row === undefined ? null : { version: row.version, commit: row.commit === null ? null : BigInt(row.commit) };
};

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
