import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The result of a load: answers per second, latencies in milliseconds, and the number of answers other than 2xx. */
export type LoadResult = {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly notOk: number;
};

/** A load of requests on loopback. It sends `bodies` in turn and replaces `[<id>]` with a unique id. */
export type Load = {
  readonly url: string;
  /** Default: POST. */
  readonly method?: 'GET' | 'PATCH' | 'POST';
  readonly bodies: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
  /** Requests per second, sent evenly. Without it each connection sends as soon as it has an answer. */
  readonly rate?: number;
};

/** Runs the load from its own process, so that the generator does not share the server's thread. */
export const generate = async (load: Load): Promise<LoadResult> => {
  const child = fork(fileURLToPath(new URL('./load-process.ts', import.meta.url)), { stdio: 'inherit' });
  child.send(load);
  const [result] = (await once(child, 'message')) as [LoadResult];
  child.disconnect();
  return result;
};
