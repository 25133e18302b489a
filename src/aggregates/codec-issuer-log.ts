import { z } from 'zod';
import type { IssuerLogEvent } from '../domain/issuer-log/issuer-log.ts';
import { type ChainRepaired, repairEvent } from '../eventstore/chain/repair-event.ts';
import { type Decoded, decodeWith } from '../eventstore/envelope.ts';
import type { Recorded } from '../eventstore/event-store.ts';
import { count, event, id } from './codec-fields.ts';
import { upcasters } from './upcasters.ts';

/** Decodes an event of the stream of checkpoints of an issuer. Throws UndecodableEvent. */
export const decodeIssuerLog = (recorded: Recorded): Decoded<IssuerLogEvent | ChainRepaired> =>
  decodeWith(issuerLogEvent, recorded, upcasters);

const issuerLogEvent = z.discriminatedUnion('type', [
  event('LogStarted', z.object({ origin: id, vkey: id })),
  event('CheckpointSigned', z.object({ size: count, root: id, note: id })),
  event('LogKeyRotated', z.object({ vkey: id, note: id })),
  event(
    'LogRestarted',
    z.object({ origin: id, vkey: id, reason: id, last: z.object({ origin: id, size: count, root: id }) }),
  ),
  repairEvent,
]) satisfies z.ZodType<IssuerLogEvent | ChainRepaired>;
