import streams from '@eventstore/db-client/generated/streams_pb.js';
import durationPb from 'google-protobuf/google/protobuf/duration_pb.js';
import timestampPb from 'google-protobuf/google/protobuf/timestamp_pb.js';

/**
 * Returns the message of BatchAppend in these bytes. Newer clients send the deadline as a duration, which the generated
 * code does not know: it becomes the instant so much later.
 */
export const deserializeBatchAppend = (bytes: Buffer): streams.BatchAppendReq => {
  const request = streams.BatchAppendReq.deserializeBinary(bytes);
  const options = request.getOptions();
  if (options && !options.hasDeadline()) {
    const durationMs = readDuration(bytes);
    if (durationMs !== undefined && durationMs < longestMs)
      options.setDeadline(timestampPb.Timestamp.fromDate(new Date(Date.now() + durationMs)));
  }
  return request;
};

/** The numbers of the fields in streams.proto. */
const optionsField = 2;
const durationField = 7;

/** About a thousand years. A longer deadline counts as none. */
const longestMs = 2 ** 45;

const readDuration = (bytes: Uint8Array): number | undefined => {
  const options = partOf(bytes, optionsField);
  const duration = options && partOf(options, durationField);
  if (duration === undefined) return undefined;
  const { seconds, nanos } = durationPb.Duration.deserializeBinary(duration).toObject();
  return seconds * 1_000 + nanos / 1_000_000;
};

/** Returns the bytes of the last field of a message with this number and a length; undefined when it has none. */
const partOf = (bytes: Uint8Array, field: number): Uint8Array | undefined => {
  let part: Uint8Array | undefined;
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const wireType = tag % 8;
    if (wireType === 0) varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else {
      const length = varint();
      if (Math.floor(tag / 8) === field) part = bytes.subarray(at, at + length);
      at += length;
    }
  }
  return part;
};
