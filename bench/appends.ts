import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { connectEventStore } from '../src/eventstore/eventstoredb.ts';
import { echoService } from './echo-process.ts';
import { interleaved, rateOf } from './rounds.ts';

const inFlight = 64;
const filler = 'x'.repeat(300);
// About the size of an activation: its data, and the envelope with two hashes.
const event = () => ({
  id: randomUUID(),
  type: 'BenchRecorded',
  data: { filler },
  metadata: { filler, more: filler, rest: filler },
});

/** Measures P5: appends to different streams through the adapter, and unary gRPC calls of the same size, 64 at once. */
export const measureAppends = async (eventStoreUrl: string, rounds: number, count: number) => {
  const child = fork(fileURLToPath(new URL('./echo-process.ts', import.meta.url)));
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const store = connectEventStore({ url: eventStoreUrl, gathersAppends: true });
  const payload = Buffer.from(JSON.stringify(event()));
  const { path, requestSerialize, responseDeserialize } = echoService.echo;
  const echo = () =>
    new Promise<void>((resolve, reject) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, payload, (error) =>
        error ? reject(error) : resolve(),
      ),
    );
  const append = () => store.append(`bench-${randomUUID()}`, [event()], 'no_stream', { timeoutMs: 30_000 });
  await rateOf(count / 10, inFlight, append);
  const best = await interleaved(rounds, {
    append: () => rateOf(count, inFlight, append),
    echo: () => rateOf(count, inFlight, echo),
  });
  client.close();
  await store.close();
  child.disconnect();
  return best;
};
