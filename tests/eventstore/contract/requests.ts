import { randomUUID } from 'node:crypto';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import type { ContractServer } from './server.ts';

const { AppendReq, BatchAppendReq, ReadReq } = streams;

/** An expected revision in a request of the protocol. */
export type Expected = number | 'no_stream' | 'any' | 'stream_exists';

export const identifier = (stream: string | Uint8Array): shared.StreamIdentifier =>
  new shared.StreamIdentifier().setStreamName(typeof stream === 'string' ? Buffer.from(stream) : stream);

export const uuid = (id: string = randomUUID()): shared.UUID => {
  const message = new shared.UUID();
  message.setString(id);
  return message;
};

export const nameOf = (named: shared.StreamIdentifier | undefined): string =>
  Buffer.from(named?.getStreamName_asU8() ?? []).toString();

/** The properties that every event needs. */
export const jsonProperties = { type: 'Counted', 'content-type': 'application/json' };

/** Returns the first message of an Append. */
export const appendOptions = (stream: string | Uint8Array, expected: Expected | undefined): streams.AppendReq => {
  const options = new AppendReq.Options();
  options.setStreamIdentifier(identifier(stream));
  if (expected === 'no_stream') options.setNoStream(new shared.Empty());
  else if (expected === 'any') options.setAny(new shared.Empty());
  else if (expected === 'stream_exists') options.setStreamExists(new shared.Empty());
  else if (expected !== undefined) options.setRevision(String(expected));
  return new AppendReq().setOptions(options);
};

/** Returns the message of an Append that holds an event. */
export const appendEvent = (
  properties: Readonly<Record<string, string>> = jsonProperties,
  id: shared.UUID = uuid(),
): streams.AppendReq => {
  const message = new AppendReq.ProposedMessage();
  message.setId(id);
  message.setData(Buffer.from('{}'));
  for (const [name, value] of Object.entries(properties)) message.getMetadataMap().set(name, value);
  return new AppendReq().setProposedMessage(message);
};

/** Sends an Append. Rejects with the error of the call. */
export const sendAppend = ({ raw, login }: ContractServer, ...requests: readonly streams.AppendReq[]) =>
  new Promise<streams.AppendResp>((resolve, reject) => {
    const call = raw.streams.append(login, (error, response) => (error ? reject(error) : resolve(response)));
    for (const request of requests) call.write(request);
    call.end();
  });

/** Returns an event of a BatchAppend. */
export const batchEvent = (): streams.BatchAppendReq.ProposedMessage => {
  const message = new BatchAppendReq.ProposedMessage();
  message.setId(uuid());
  for (const [name, value] of Object.entries(jsonProperties)) message.getMetadataMap().set(name, value);
  message.setData(Buffer.from('{}'));
  return message;
};

export const batchOptions = (stream: string, expected: Expected = 'no_stream'): streams.BatchAppendReq.Options => {
  const options = new BatchAppendReq.Options();
  options.setStreamIdentifier(identifier(stream));
  if (expected === 'no_stream') options.setNoStream(new emptyPb.Empty());
  else if (expected === 'any') options.setAny(new emptyPb.Empty());
  else if (expected === 'stream_exists') options.setStreamExists(new emptyPb.Empty());
  else options.setStreamPosition(String(expected));
  return options;
};

/** A part of a BatchAppend. `isFinal` is true by default. */
export const batchPart = (
  correlationId: string,
  messages: streams.BatchAppendReq.ProposedMessage[],
  { options, isFinal = true }: { options?: streams.BatchAppendReq.Options; isFinal?: boolean } = {},
): streams.BatchAppendReq => {
  const request = new BatchAppendReq();
  request.setCorrelationId(uuid(correlationId));
  request.setIsFinal(isFinal);
  request.setProposedMessagesList(messages);
  if (options) request.setOptions(options);
  return request;
};

/** Sends the parts on one call and returns the replies after as many as there are appends. */
export const sendBatch = async (
  { raw, login }: ContractServer,
  ...requests: readonly streams.BatchAppendReq[]
): Promise<readonly streams.BatchAppendResp[]> => {
  const call = raw.streams.batchAppend(login);
  for (const request of requests) call.write(request);
  call.end();
  const replies: streams.BatchAppendResp[] = [];
  for await (const reply of call) replies.push(reply);
  return replies;
};

/** Returns the options of a read, complete but for what `from*` adds. */
const readOptions = (): streams.ReadReq.Options => {
  const options = new ReadReq.Options();
  options.setNoFilter(new shared.Empty());
  options.setUuidOption(new ReadReq.Options.UUIDOption().setString(new shared.Empty()));
  return options;
};

/** Returns the options of a read of a stream, forwards from its start. */
export const streamRead = (stream: string, count = 100): streams.ReadReq.Options =>
  readOptions()
    .setStream(new ReadReq.Options.StreamOptions().setStreamIdentifier(identifier(stream)).setStart(new shared.Empty()))
    .setCount(String(count));

/** Returns the options of a read of `$all`, forwards from its start or a position. */
export const allRead = (count: number, position?: { commit: bigint; prepare: bigint }): streams.ReadReq.Options => {
  const all = new ReadReq.Options.AllOptions();
  if (position === undefined) all.setStart(new shared.Empty());
  else
    all.setPosition(
      new ReadReq.Options.Position()
        .setCommitPosition(String(position.commit))
        .setPreparePosition(String(position.prepare)),
    );
  return readOptions().setAll(all).setCount(String(count));
};

/** Makes a read a subscription. */
export const subscribing = (options: streams.ReadReq.Options): streams.ReadReq.Options =>
  options.setSubscription(new ReadReq.Options.SubscriptionOptions());

/** Returns a filter by the names of streams. A checkpoint is due every `windowEvents` scanned events. */
export const streamFilter = (prefixes: string[], windowEvents = 32): streams.ReadReq.Options.FilterOptions => {
  const filter = new ReadReq.Options.FilterOptions();
  filter.setStreamIdentifier(new ReadReq.Options.FilterOptions.Expression().setPrefixList(prefixes));
  filter.setMax(windowEvents);
  filter.setCheckpointintervalmultiplier(1);
  return filter;
};

/** Sends a read and returns its messages. `until`: cancels the call after the message for which it is true. */
export const sendRead = async (
  { raw, login }: ContractServer,
  options: streams.ReadReq.Options,
  until: (message: streams.ReadResp) => boolean = () => false,
): Promise<readonly streams.ReadResp[]> => {
  const call = raw.streams.read(new ReadReq().setOptions(options), login);
  // Cancelling reports an error when the iteration has ended.
  call.on('error', () => {});
  const messages: streams.ReadResp[] = [];
  for await (const message of call) {
    messages.push(message);
    if (!until(message)) continue;
    call.cancel();
    break;
  }
  return messages;
};

/** Returns which kinds of messages these are, in order. */
export const kindsOf = (messages: readonly streams.ReadResp[]): readonly string[] => {
  const byCase = new Map<unknown, string>(
    Object.entries(streams.ReadResp.ContentCase).map(([name, value]) => [value, name.toLowerCase()]),
  );
  return messages.map((message) => byCase.get(message.getContentCase()) ?? 'unknown');
};
