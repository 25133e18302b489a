import { binaryEvent, type EventType, NO_STREAM, type ResolvedEvent, START } from '@eventstore/db-client';
import { describe, expect } from 'vitest';
import { events } from '../../embedded/eventstore/harness.ts';
import { type ContractServer, newStream } from './server.ts';
import { statement } from './statement.ts';

/** Checks links: events of type `$>` whose data is `revision@stream`. */
export const describeLinks = (open: () => ContractServer): void => {
  /** Writes two events, and to another stream a link to each of them and one to an event that does not exist. */
  const linked = async () => {
    const { client, unary } = open();
    const [stream, links] = [newStream('target'), newStream('links')];
    const targets = events(2);
    await client.appendToStream(stream, targets, { ...unary, expectedRevision: NO_STREAM });
    const toLink = (target: string) => binaryEvent({ type: '$>', data: Buffer.from(target) });
    const proposed = [toLink(`0@${stream}`), toLink(`1@${stream}`), toLink(`7@${stream}`)];
    await client.appendToStream(links, proposed, { ...unary, expectedRevision: NO_STREAM });
    return { stream, links, targets, proposed };
  };
  const resolvedOf = async (reading: AsyncIterable<ResolvedEvent<EventType>>) => {
    const resolved: ResolvedEvent<EventType>[] = [];
    for await (const each of reading) resolved.push(each);
    return resolved;
  };

  describe('Links:', () => {
    statement('A read that resolves links returns the target as event and the link as link', async () => {
      const { stream, links, targets, proposed } = await linked();
      const read = await resolvedOf(open().client.readStream(links, { resolveLinkTos: true }));
      expect(read.slice(0, 2)).toMatchObject(
        targets.map(({ id }, n) => ({
          event: { id, streamId: stream, revision: BigInt(n) },
          link: { id: proposed[n]?.id, streamId: links, type: '$>', revision: BigInt(n) },
        })),
      );
    });

    statement('A link to an event that does not exist has no event', async () => {
      const { links, proposed } = await linked();
      const read = await resolvedOf(open().client.readStream(links, { resolveLinkTos: true }));
      expect(read[2]?.event).toBeUndefined();
      expect(read[2]?.link?.id).toBe(proposed[2]?.id);
    });

    statement('A link to a hidden event has no event', async () => {
      const { stream, links } = await linked();
      await open().client.setStreamMetadata(stream, { truncateBefore: 1 });
      const read = await resolvedOf(open().client.readStream(links, { resolveLinkTos: true }));
      expect(read.map((each) => each.event !== undefined)).toEqual([false, true, false]);
    });

    statement('A read that does not resolve links returns the links', async () => {
      const { links, proposed } = await linked();
      const read = await resolvedOf(open().client.readStream(links));
      expect(read.map((each) => each.event?.id)).toEqual(proposed.map(({ id }) => id));
      expect(read.every((each) => each.link === undefined)).toBe(true);
    });

    statement('A subscription resolves links, too', async () => {
      const { links, targets } = await linked();
      const subscription = open().client.subscribeToStream(links, { fromRevision: START, resolveLinkTos: true });
      const received: (string | undefined)[] = [];
      for await (const { event } of subscription) {
        received.push(event?.id);
        if (received.length === 3) break;
      }
      await subscription.unsubscribe();
      expect(received).toEqual([...targets.map(({ id }) => id), undefined]);
    });
  });
};
