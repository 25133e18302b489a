import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../postgres/log.ts';
import type { AcmeWriting } from './acme/ensure-acme.ts';

type Options = {
  readonly log: Pick<Log, 'warn'>;
  /** Called after the end. */
  readonly onComplete: () => void;
  /** The pause after a failure. Default: 30 seconds. */
  readonly retryMs?: number;
};

/**
 * Writes Acme Tools, or the rest of it, while requests are answered. After a failure it tries again, because the sweeps
 * wait until it is complete. Returns what stops it. The next start then continues.
 */
export const startAcme = (
  write: (writing: Pick<AcmeWriting, 'signal' | 'onRefused'>) => Promise<void>,
  { log, onComplete, retryMs = 30_000 }: Options,
): (() => Promise<void>) => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const onRefused = (name: string, refusal: object) =>
    log.warn({ name, ...refusal }, 'A command of the organization Acme Tools was refused.');
  const writeToEnd = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await write({ signal, onRefused });
        onComplete();
        return;
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, 'The organization Acme Tools is not complete. The server tries again.');
        await delay(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  };
  const ended = writeToEnd();
  return async () => {
    stopping.abort();
    await ended;
  };
};
