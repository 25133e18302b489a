import type { Recorded } from '../../src/eventstore/event-store.ts';
import type { Api } from '../support/two-apis.ts';
import { sendOnce } from '../support/two-apis.ts';

/** The feed of an organization, as a billing system reads it: page by page, from one API process after the other. */
export type FollowedFeed = {
  /** The places of the events, in the order of the feed. */
  readonly received: () => readonly Pick<Recorded, 'stream' | 'revision'>[];
  /** Returns how many requests were refused. */
  readonly stop: () => Promise<{ readonly refusals: number }>;
};

/** Follows the feed from its start. Continues from the last cursor after every answer, and repeats what was refused with 503. */
export const followFeed = (apis: readonly Api[], key: string): FollowedFeed => {
  const received: Pick<Recorded, 'stream' | 'revision'>[] = [];
  let refusals = 0;
  let isRunning = true;
  const run = async () => {
    let cursor = '';
    for (let turn = 0; isRunning; turn += 1) {
      const { baseUrl = '' } = apis[turn % apis.length] ?? {};
      const place = `/v1/events?limit=1000&wait=1${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { status, body } = await sendOnce({ baseUrl, path: place, key });
      if (status === 200) {
        const events = body.data as readonly { subject: string; revision: number }[];
        received.push(
          ...events.map(({ subject, revision }) => ({ stream: `license-${subject}`, revision: BigInt(revision) })),
        );
        cursor = String(body.nextCursor);
      } else if (status === 503) refusals += 1;
      else throw new Error(`The feed was answered ${status} ${JSON.stringify(body)}`);
    }
  };
  const done = run();
  done.catch(() => {});
  return {
    received: () => received,
    stop: async () => {
      isRunning = false;
      await done;
      return { refusals };
    },
  };
};
