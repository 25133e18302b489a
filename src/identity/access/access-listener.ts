import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { clientConfig } from '../../postgres/pool.ts';
import { type AccessNotices, everybody } from './access-notices.ts';

type Needs = {
  /** The database of the API. The connection must be one of its own, because poolers drop notices. */
  readonly url: string;
  readonly notices: Pick<AccessNotices, 'note' | 'confirm'>;
  /** The clock of `notices`. */
  readonly elapsedMs?: () => number;
  /** Called once when notices stop to arrive, and with null when they arrive again. */
  readonly onState: (lost: unknown) => void;
};

/**
 * Receives what Postgres tells of ended rights, on a connection of its own, until it is stopped. Twice a second it
 * proves that the connection works. It reconnects by itself. Whatever was read before it listened counts no longer.
 */
export const listenForAccessChanges = ({ url, notices, elapsedMs = () => performance.now(), onState }: Needs) => {
  const ending = new AbortController();
  const { signal } = ending;
  const pause = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined);
  let isLost = false;

  const listen = async (client: pg.Client): Promise<void> => {
    client.on('notification', ({ payload }) => notices.note(payload || everybody));
    // The next statement fails then.
    client.on('error', () => {});
    await client.connect();
    await client.query(`listen ${channel}`);
    notices.note(everybody);
    while (!signal.aborted) {
      const askedMs = elapsedMs();
      // Postgres sends the notices of earlier commits before its answer.
      await client.query('select 1');
      notices.confirm(askedMs);
      if (isLost) onState(null);
      isLost = false;
      await pause(proofMs);
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const applicationName = 'ledger-access';
      const client = new pg.Client(
        clientConfig({ url, role: 'ledger_api', applicationName, answerTimeoutMs: patienceMs }),
      );
      try {
        await listen(client);
      } catch (error) {
        if (!isLost && !signal.aborted) onState(error);
        isLost = true;
      }
      const closed = client.end().catch(() => undefined);
      // A dead connection may never close.
      if (signal.aborted && !isLost) await closed;
      await pause(reconnectMs);
    }
  };

  const running = run();
  return {
    stop: (): Promise<void> => {
      ending.abort();
      return running;
    },
  };
};

// As in db/ops/110-access-notices.sql.
const channel = 'ledger_access';
const proofMs = 500;
const patienceMs = 1_000;
const reconnectMs = 200;
