import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StoredEvent } from '../../../src/embedded/eventstore/events.ts';
import { eventMessage, type LinkTarget } from '../../../src/embedded/eventstore/reading/event-message.ts';
import type { IdFormat } from '../../../src/embedded/eventstore/reading/read-request.ts';
import { runSeed } from '../../support/chance.ts';

const { ReadResp } = streams;

/** The largest number of the protocol, and numbers around the places where JavaScript or the encoding changes. */
const edges = [
  0n,
  127n,
  128n,
  2n ** 32n,
  2n ** 49n - 1n,
  2n ** 49n,
  10n ** 15n - 1n,
  10n ** 15n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const number = fc
  .oneof(fc.constantFrom(...edges), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 300n }))
  .map(String);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom(0, 127, 128, 16_383, 16_384).map((length) => new Uint8Array(length).fill(65)),
);
const text = fc.string({ minLength: 1, maxLength: 80, unit: 'binary' });
const uuid = fc.oneof(fc.uuid(), fc.constant('00000000-0000-0000-0000-000000000000'));
const event: fc.Arbitrary<StoredEvent> = fc.record({
  position: number,
  stream: text,
  revision: number,
  id: uuid,
  type: text,
  isJson: fc.boolean(),
  data: body,
  metadata: body,
  createdTicks: number,
});

test('The message of an event has the bytes that the generated encoder writes', () => {
  const seed = runSeed();
  console.log(`event-message: LEDGER_SEED=${seed}`);
  const ids = fc.constantFrom<IdFormat[]>('string', 'structured');
  const target = fc.option(fc.record({ event: fc.option(event, { nil: undefined }) }), { nil: undefined });
  const isSame = fc.property(event, ids, target, (stored, format, leadsTo) => {
    const expected = generated(stored, format, leadsTo).toString('hex');
    expect(eventMessage(stored, format, leadsTo).toString('hex')).toBe(expected);
  });
  fc.assert(isSame, { numRuns: 2_000, seed });
});

const generated = (stored: StoredEvent, ids: IdFormat, target: LinkTarget | undefined): Buffer => {
  const read = new ReadResp.ReadEvent();
  if (target === undefined) read.setEvent(recordedOf(stored, ids));
  else read.setLink(recordedOf(stored, ids));
  if (target?.event) read.setEvent(recordedOf(target.event, ids));
  read.setCommitPosition(stored.position);
  return Buffer.from(new ReadResp().setEvent(read).serializeBinary());
};

const recordedOf = (stored: StoredEvent, ids: IdFormat) => {
  const recorded = new ReadResp.ReadEvent.RecordedEvent();
  recorded.setId(uuidOf(stored.id, ids));
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stored.stream));
  recorded.setStreamIdentifier(identifier);
  recorded.setStreamRevision(stored.revision);
  recorded.setCommitPosition(stored.position);
  recorded.setPreparePosition(stored.position);
  const properties = recorded.getMetadataMap();
  properties.set('type', stored.type);
  properties.set('content-type', stored.isJson ? 'application/json' : 'application/octet-stream');
  properties.set('created', stored.createdTicks);
  recorded.setData(stored.data);
  recorded.setCustomMetadata(stored.metadata);
  return recorded;
};

const uuidOf = (id: string, ids: IdFormat): shared.UUID => {
  const message = new shared.UUID();
  if (ids === 'string') {
    message.setString(id);
    return message;
  }
  const hex = id.replaceAll('-', '');
  const structured = new shared.UUID.Structured();
  structured.setMostSignificantBits(BigInt.asIntN(64, BigInt(`0x${hex.slice(0, 16)}`)).toString());
  structured.setLeastSignificantBits(BigInt.asIntN(64, BigInt(`0x${hex.slice(16)}`)).toString());
  message.setStructured(structured);
  return message;
};

test('A link with a target that is too large for one message is sent without it', () => {
  const [link, small] = fc.sample(event, { numRuns: 2, seed: 1 });
  if (link === undefined || small === undefined) throw new Error('There are no events.');
  const large = { ...small, metadata: new Uint8Array(9 * 1024 * 1024) };
  const sent = (from: StoredEvent, to: StoredEvent) =>
    ReadResp.deserializeBinary(eventMessage(from, 'string', { event: to })).getEvent();
  expect(sent(link, large)?.hasEvent()).toBe(true);
  const message = sent({ ...link, metadata: large.metadata }, large);
  expect([message?.hasLink(), message?.hasEvent()]).toEqual([true, false]);
});
