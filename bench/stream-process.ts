import { once } from 'node:events';
import { request } from 'node:http';
import { rateOf } from './rounds.ts';

/** The streams to open: so many for each key of an organization. */
export type StreamOptions = {
  readonly url: string;
  readonly keys: readonly string[];
  readonly perOrganization: number;
};

// The program of the clients of event streams, in its own process.
process.once('message', async ({ url, keys, perOrganization }: StreamOptions) => {
  let open = 0;
  await rateOf(keys.length * perOrganization, 8, async (index) => {
    const key = keys[index % keys.length];
    const sent = request(`${url}/v1/events/stream`, {
      agent: false,
      // A client address has a maximum of streams.
      localAddress: `127.0.1.${1 + (index % keys.length)}`,
      headers: { authorization: `Bearer ${key}` },
    });
    sent.end();
    const [response] = await once(sent, 'response');
    response.resume();
    if (response.statusCode === 200) open += 1;
  });
  process.send?.({ open });
});
process.on('disconnect', () => process.exit());
