import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Load, LoadResult } from './load.ts';

/**
 * Sends `rate` requests per second at even times, without waiting for answers. A latency starts when its request was
 * due. A closed loop with a limit would send the requests of a second at once and measure its own queue.
 */
export const steadily = async (
  { url, bodies, headers, connections, seconds }: Load,
  rate: number,
): Promise<LoadResult> => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies: number[] = [];
  let notOk = 0;
  const send = (body: string, dueMs: number) =>
    new Promise<void>((resolve) => {
      const end = (ok: boolean) => {
        latencies.push(performance.now() - dueMs);
        if (!ok) notOk += 1;
        resolve();
      };
      const sent = request(
        url,
        { method: 'POST', agent, headers: { 'content-type': 'application/json', ...headers } },
        (answer) => {
          answer.resume();
          answer.once('end', () => end((answer.statusCode ?? 0) < 300));
        },
      );
      sent.once('error', () => end(false));
      sent.end(body);
    });

  const startedMs = performance.now();
  const sent: Promise<void>[] = [];
  while (sent.length < rate * seconds) {
    const due = Math.min(rate * seconds, Math.floor(((performance.now() - startedMs) / 1_000) * rate));
    while (sent.length < due) {
      const body = bodies[sent.length % bodies.length] ?? '';
      sent.push(send(body.replace('[<id>]', randomUUID()), startedMs + (sent.length / rate) * 1_000));
    }
    await delay(1);
  }
  await Promise.all(sent);
  const perSecond = sent.length / ((performance.now() - startedMs) / 1_000);
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const quantile = (part: number) => latencies[Math.floor(latencies.length * part)] ?? 0;
  return { perSecond, p50: quantile(0.5), p99: quantile(0.99), notOk };
};
