import { z } from 'zod';
import { proveConsistency } from '../../application/logs/prove-consistency.ts';
import { type EventProof, proveEvent } from '../../application/logs/prove-event.ts';
import { isRefusal } from '../../application/refusal.ts';
import { decodeId } from '../../domain/ids.ts';
import { formatTlogProof } from '../../proof/notes/tlog-proofs.ts';
import { organizationId } from '../auth/shapes.ts';
import { problem, refused } from '../problems/problems.ts';
import { none, type Route, route, strangersRoute } from '../route.ts';
import { idOf, readAs } from '../schemas.ts';
import { answerLog, plainText, textFile } from './log-answers.ts';
import { type LogNeeds, logTag, originOfCheckpoint } from './log-needs.ts';

const size = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,14})$/, 'must be a number of leaves, without leading zeros')
  .transform(Number);
const asInteger = (description: string, example: number) => ({
  override: readAs({ type: 'integer', minimum: 0, maximum: 999_999_999_999_999 }),
  description,
  example,
});

/** GET /v1/logs/{organizationId}/consistency: proves that a log only grew. */
export const getConsistency = ({ pool }: LogNeeds): Route =>
  strangersRoute({
    method: 'get',
    path: '/v1/logs/{organizationId}/consistency',
    operationId: 'getConsistency',
    isHeavy: true,
    summary: 'Prove that a log only grew',
    description:
      'Proves that the checkpoint of `to` leaves begins with the log of `from` leaves. The form is the request of C2SP tlog-witness: the old size, the hashes, and the newer checkpoint.',
    tag: logTag,
    permission: 'readLog',
    effect: 'read',
    conditional: true,
    request: z.object({
      params: z.strictObject({ organizationId }),
      query: z.strictObject({
        from: size.meta(asInteger('The size of your older checkpoint.', 6)),
        to: size.optional().meta(asInteger('The size of a later checkpoint. Absent: the newest one.', 13)),
        origin: originOfCheckpoint,
      }),
    }),
    replies: { 200: { description: 'The proof.', file: plainText } },
    rejections: ['NOT_FOUND', 'NOT_IN_CHECKPOINT_YET'],
    handle: ({ params: { organizationId }, query: { from, to = null, origin = null } }, call) =>
      answerLog(
        call,
        organizationId,
        (log) => proveConsistency(pool, log, { from, to, origin }),
        ({ text }) => textFile(text),
      ),
  });

const proofShape = z
  .strictObject({
    index: z.int().meta({ description: 'The number of the event in the log, from 0.', example: 4 }),
    leaf: z.string().meta({ description: 'The leaf of the event: RFC 8785 JSON.' }),
    hashes: z.array(z.string()).meta({ description: 'The hashes from the leaf to the root, in base64.' }),
    checkpoint: z.string().meta({ description: 'The signed note of the checkpoint.' }),
  })
  .meta({ id: 'EventProof' });

/** GET /v1/events/{eventId}/proof: proves that the log has an event. */
export const getEventProof = ({ pool }: LogNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/events/{eventId}/proof',
    operationId: 'getEventProof',
    isHeavy: true,
    summary: 'Prove that the log has an event',
    description:
      'The proof as C2SP tlog-proof, or as JSON when Accept names application/json. The issuer gets it for all of its events, also those of its catalog and organization. A holder gets it for the events that it sees, when the issuer has set holdersGetProofs.',
    tag: logTag,
    permission: 'readLog',
    effect: 'read',
    request: z.object({
      params: z.strictObject({ eventId: idOf('evt', 'evt_01h455vb4pex5vsknk084sn02q') }),
      query: none,
    }),
    replies: { 200: { description: 'The proof.', body: proofShape, file: plainText } },
    rejections: ['NOT_FOUND', 'NOT_IN_CHECKPOINT_YET'],
    handle: async ({ params: { eventId } }, { caller, headers }) => {
      const id = decodeId('evt', eventId);
      if (id === null) return problem('NOT_FOUND', 'There is no such event.');
      const proof = await proveEvent(pool, caller.organizationId, id);
      if (isRefusal(proof)) return refused(proof);
      if (headers.accept?.includes('application/json') !== true)
        return { type: plainText, bytes: Buffer.from(formatTlogProof(proof)), headers: varies };
      return { status: 200, body: proofBody(proof), headers: varies };
    },
  });

const varies = { Vary: 'Accept' };

const proofBody = ({ index, leaf, proof, checkpoint }: EventProof): z.output<typeof proofShape> => ({
  index,
  leaf: Buffer.from(leaf).toString(),
  hashes: proof.map((hash) => Buffer.from(hash).toString('base64')),
  checkpoint,
});
