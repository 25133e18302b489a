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
  /** Returns true once the read models contain the event at this commit position, false after `timeoutMs`. */
  readonly waitFor: (position: bigint, timeoutMs: number) => Promise<boolean>;
  /** Returns the commit position that the read models are known to contain. Returns null when it is unknown. */
  readonly current: () => bigint | null;
  /**
   * Returns how many notices of the projector have come so far. Call it before reading what the next one may change.
   */
  readonly heard: () => number;
  /**
   * Resolves when more notices than `since` have come, after `timeoutMs`, when the signal is aborted, or on `stop`. A
   * notice can be lost with its connection, so a caller that waits for long must also read from time to time.
   */
  readonly hear: (since: number, options: { timeoutMs: number; signal: AbortSignal }) => Promise<void>;
  /**
   * Forgets the known position. Call it after a sign that Postgres may have crashed: a new connection then sees older
   * rows than the projector had announced.
   */
  readonly doubt: () => void;
  /** Ends every wait with false and closes the connection. */
  readonly stop: () => Promise<void>;
};

/**
 * Lets readers wait for the projector. One connection of its own listens for the projector's commits, and reconnects
 * when needed. While a reader waits for a position and no notice comes, it reads the checkpoint every 25 ms, because a notice
 * can be lost with its connection.
 */
export const createProjectedWaiter = (options: Options): ProjectedWaiter => {
  const positions = createPositions();
  const notices = createNotices();
  const feed = createFeed(options, positions, notices);
  let isStopped = false;
  // It connects before the first reader waits.
  feed.start();

  return {
    current: () => positions.known().commit,
    doubt: positions.forget,
    waitFor: (position, timeoutMs) => {
      const { commit } = positions.known();
      if (commit !== null && commit >= position) return Promise.resolve(true);
      if (isStopped) return Promise.resolve(false);
      const reached = positions.waitFor(position, timeoutMs);
      feed.start();
      return reached;
    },
    heard: notices.count,
    hear: async (since, { timeoutMs, signal }) => {
      if (notices.count() > since || isStopped || signal.aborted) return;
      if (!feed.isListening()) feed.start();
      await notices.waitForNext(timeoutMs, signal);
    },
    stop: async () => {
      isStopped = true;
      const stopped = feed.stop();
      notices.add();
      positions.endWaits();
      await stopped;
    },
  };
};

/** Feeds positions and notices while they are awaited: from the notices of a connection, and from the checkpoint. */
const createFeed = ({ log, ...options }: Options, positions: Positions, notices: Notices) => {
  let isStopped = false;

  const listener = createListener(options, {
    onNotice: (notice) => {
      positions.learn(notice);
      notices.add();
    },
    // Notices that were sent before the connection listened are not sent again.
    onListening: notices.add,
    onLost: (error) => {
      // After a crash Postgres may have older rows than the projector had announced.
      positions.forget();
      if (isStopped) return;
      log.warn({ err: error }, 'The connection that waits for the projector was lost.');
      if (notices.areAwaited()) polling.start();
    },
  });

  const readPosition = async (client: pg.Client): Promise<void> => {
    const heardBefore = notices.count();
    const known = await readKnown(client);
    if (known === null || listener.connection() !== client) return;
    // A notice that came meanwhile may be of a version that took over after this was read.
    if (notices.count() === heardBefore || known.version === positions.known().version) positions.learn(known);
  };
  let heardAtPoll = 0;
  const poll = async (): Promise<number> => {
    const client = listener.connection() ?? (await listener.connect().catch(() => null));
    if (client === null) return reconnectMs;
    const heardBefore = heardAtPoll;
    heardAtPoll = notices.count();
    // While notices come, the connection loses none, and each says as much as the checkpoint.
    if (heardAtPoll > heardBefore && positions.known().commit !== null) return pollMs;
    await readPosition(client).catch((error: unknown) => listener.drop(client, error));
    return pollMs;
  };
  // A caller of `hear` needs the connection only, not the checkpoint.
  const isNeeded = () =>
    !isStopped && (positions.areAwaited() || (notices.areAwaited() && listener.connection() === null));
  const polling = createLoop(poll, isNeeded);

  return {
    start: polling.start,
    isListening: () => listener.connection() !== null,
    stop: async (): Promise<void> => {
      isStopped = true;
      await polling.ended();
      await listener.close();
    },
  };
};

/** The version that serves, and the commit position that it contains; null when the position is unknown. */
type Known = { readonly version: number; readonly commit: bigint | null };

const nothingKnown: Known = { version: 0, commit: null };

type PositionWait = { readonly position: bigint; readonly end: (isReached: boolean) => void };

type Positions = ReturnType<typeof createPositions>;

/** The known position, and the callers that wait until it reaches theirs. */
const createPositions = () => {
  const waits = new Set<PositionWait>();
  let known = nothingKnown;

  const endAfter = (timeoutMs: number, position: bigint, resolve: (isReached: boolean) => void): PositionWait => {
    const wait: PositionWait = {
      position,
      end: (isReached) => {
        clearTimeout(timer);
        waits.delete(wait);
        resolve(isReached);
      },
    };
    const timer = setTimeout(() => wait.end(false), timeoutMs);
    return wait;
  };

  return {
    known: () => known,
    forget: () => {
      known = nothingKnown;
    },
    // Positions of one version only grow. Another version may be at an earlier one, after the log was restored.
    learn: ({ version, commit }: Known): void => {
      const isOlder = version === known.version && commit !== null && known.commit !== null && commit <= known.commit;
      if (isOlder) return;
      known = { version, commit };
      if (commit !== null) for (const wait of waits) if (wait.position <= commit) wait.end(true);
    },
    areAwaited: () => waits.size > 0,
    waitFor: (position: bigint, timeoutMs: number): Promise<boolean> =>
      new Promise((resolve) => waits.add(endAfter(timeoutMs, position, resolve))),
    endWaits: (): void => {
      for (const wait of waits) wait.end(false);
    },
  };
};

type Notices = ReturnType<typeof createNotices>;

/** The number of notices so far, and the callers that wait for the next one. */
const createNotices = () => {
  const wakers = new Set<() => void>();
  let count = 0;
  return {
    count: () => count,
    add: (): void => {
      count += 1;
      for (const wake of wakers) wake();
    },
    areAwaited: () => wakers.size > 0,
    waitForNext: async (timeoutMs: number, signal: AbortSignal): Promise<void> => {
      const { wake, wait } = createWakeUp();
      wakers.add(wake);
      signal.addEventListener('abort', wake);
      await wait(timeoutMs);
      signal.removeEventListener('abort', wake);
      wakers.delete(wake);
    },
  };
};

/** Repeats `step`, which returns the milliseconds to pause, while it is needed. `start` does nothing while it runs. */
const createLoop = (step: () => Promise<number>, isNeeded: () => boolean) => {
  let running: Promise<void> | null = null;
  const run = async (): Promise<void> => {
    do {
      const pauseMs = await step();
      if (isNeeded()) await delay(pauseMs);
    } while (isNeeded());
    running = null;
  };
  return {
    start: (): void => {
      running ??= run();
    },
    ended: async (): Promise<void> => {
      await running;
    },
  };
};

type ListenerEvents = {
  readonly onNotice: (notice: Known) => void;
  readonly onListening: () => void;
  /** Called when the current connection is lost, and not when `close` ends it. */
  readonly onLost: (error: unknown) => void;
};

/** At most one connection at a time that listens for the commits of the projector. */
const createListener = ({ url, release }: Omit<Options, 'log'>, { onNotice, onListening, onLost }: ListenerEvents) => {
  let current: pg.Client | null = null;

  const drop = (client: pg.Client, error: unknown): void => {
    client.end().catch(() => undefined);
    if (current !== client) return;
    current = null;
    onLost(error);
  };

  const connect = async (): Promise<pg.Client> => {
    const role = 'ledger_api';
    const applicationName = 'ledger-projected';
    const ofRelease = release === undefined ? {} : { release };
    const client = new pg.Client(connectionConfig({ url, role, applicationName, ...ofRelease }));
    current = client;
    client.on('error', (error) => drop(client, error));
    client.on('end', () => drop(client, 'It was closed.'));
    client.on('notification', ({ payload }) => {
      const notice = readNotice(payload ?? '');
      if (current === client && notice !== null) onNotice(notice);
    });
    try {
      await client.connect();
      await client.query(`listen ${projectedChannel}`);
      onListening();
      return client;
    } catch (error) {
      drop(client, error);
      throw error;
    }
  };

  return {
    connection: () => current,
    connect,
    drop,
    close: async (): Promise<void> => {
      const client = current;
      current = null;
      await client?.end();
    },
  };
};

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
