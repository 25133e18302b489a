import { z } from 'zod';
import { getCheckpointNow } from '../../application/logs/get-checkpoint-now.ts';
import { noLog, type SignedCheckpoint } from '../../application/logs/open-log.ts';
import { listCheckpoints, readCheckpoint, readKeys } from '../../application/logs/read-checkpoints.ts';
import { organizationId } from '../auth/shapes.ts';
import { page } from '../paging.ts';
import { problemForNow, refused } from '../problems/problems.ts';
import { none, type Route, route, strangersRoute } from '../route.ts';
import { cursor, instantOut, pageLimit, pageOf } from '../schemas.ts';
import { answerLog, plainText, textFile } from './log-answers.ts';
import { type LogNeeds, logTag } from './log-needs.ts';

const logPath = z.strictObject({ organizationId });

const checkpointShape = z
  .strictObject({
    origin: z.string().meta({ example: 'ledger.example/org_01h455vb4pex5vsknk084sn02q' }),
    size: z.int().meta({ description: 'The number of leaves.', example: 8812 }),
    root: z.string().meta({ description: 'The root of the tree, in base64.' }),
    signedAt: instantOut,
    note: z.string().meta({ description: 'The signed note with its cosignatures: C2SP tlog-checkpoint.' }),
  })
  .meta({ id: 'Checkpoint' });

const read = { method: 'get', tag: logTag, permission: 'readLog', effect: 'read' } as const;

/** GET /v1/logs/{organizationId}/checkpoint: returns the newest checkpoint as a signed note. */
export const getCheckpoint = ({ pool }: LogNeeds): Route =>
  strangersRoute({
    ...read,
    path: '/v1/logs/{organizationId}/checkpoint',
    operationId: 'getCheckpoint',
    summary: 'Get the newest checkpoint of a log',
    description:
      'The size and root of the log as C2SP tlog-checkpoint, signed by the log and its witnesses. Keep it: a later log must be consistent with it.',
    conditional: true,
    request: z.object({ params: logPath, query: none }),
    replies: { 200: { description: 'A signed note.', file: plainText } },
    rejections: ['NOT_FOUND', 'NOT_IN_CHECKPOINT_YET'],
    handle: ({ params: { organizationId } }, call) =>
      answerLog(
        call,
        organizationId,
        (log) => readCheckpoint(pool, log),
        ({ note }) => textFile(note),
      ),
  });

/** GET /v1/logs/{organizationId}/keys: returns the public keys of a log. */
export const getKeys = ({ pool }: LogNeeds): Route =>
  strangersRoute({
    ...read,
    path: '/v1/logs/{organizationId}/keys',
    operationId: 'getKeys',
    summary: 'Get the public keys of a log',
    description:
      'One key of C2SP signed-note on each line, the oldest first. A server that lies can also show a key, so compare it with one from another place.',
    conditional: true,
    request: z.object({ params: logPath, query: none }),
    replies: { 200: { description: 'One key on each line.', file: plainText } },
    rejections: ['NOT_FOUND', 'NOT_IN_CHECKPOINT_YET'],
    handle: ({ params: { organizationId } }, call) =>
      answerLog(
        call,
        organizationId,
        (log) => readKeys(pool, log),
        ({ text }) => textFile(text),
      ),
  });

/** GET /v1/logs/{organizationId}/checkpoints: lists the signed checkpoints. */
export const listCheckpointsRoute = ({ pool, secrets }: LogNeeds): Route =>
  strangersRoute({
    ...read,
    path: '/v1/logs/{organizationId}/checkpoints',
    operationId: 'listCheckpoints',
    summary: 'List the checkpoints of a log',
    description: 'The newest first, also those of origins before a restart.',
    request: z.object({
      params: logPath,
      query: z.strictObject({ limit: pageLimit.optional(), cursor: cursor.optional() }),
    }),
    replies: { 200: { description: 'One page.', body: pageOf(checkpointShape) } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params: { organizationId }, query }, { caller, limits }) => {
      const refusal = caller === null ? await limits.takeForAddress('log') : null;
      if (refusal !== null) return refusal;
      const log = { organizationId, reader: caller?.organizationId ?? null };
      return page<SignedCheckpoint>(secrets, query, {
        name: `checkpoints\0${organizationId}`,
        url: `/v1/logs/${organizationId}/checkpoints?`,
        placeOf: ({ revision }) => String(revision),
        read: (after, limit) => listCheckpoints(pool, log, { before: after === null ? null : BigInt(after), limit }),
        bodyOf: checkpointBody,
      });
    },
  });

/** POST /v1/logs/{organizationId}/checkpoints: waits for a checkpoint over all leaves. */
export const createCheckpointRoute = ({ pool }: LogNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/logs/{organizationId}/checkpoints',
    operationId: 'createCheckpoint',
    summary: 'Get a checkpoint of your log now',
    description:
      'Waits until the notary has signed a checkpoint that covers all events readable at the request, at most 8 seconds. Answers 200 when the newest one covers them already.',
    tag: logTag,
    permission: 'readLog',
    effect: 'none',
    request: z.object({ params: logPath, query: none }),
    replies: {
      200: { description: 'The newest checkpoint covers all events already.', body: checkpointShape },
      201: { description: 'The checkpoint was signed.', body: checkpointShape },
    },
    rejections: ['NOT_FOUND'],
    handle: async ({ params: { organizationId } }, { caller, signal, endTurn }) => {
      if (organizationId !== caller.organizationId) return refused(noLog);
      const signed = await getCheckpointNow(pool, organizationId, { onWait: endTurn, signal: signal() });
      if (signed === null) return noAnswer;
      return { status: signed.isNew ? 201 : 200, body: checkpointBody(signed.checkpoint) };
    },
  });

const noAnswer = problemForNow(
  'UNAVAILABLE',
  'The notary has not signed a checkpoint in time. Try again. If it goes on, ask the operator whether the role notary runs.',
  5,
  'NOTARY',
);

const checkpointBody = (checkpoint: SignedCheckpoint): z.output<typeof checkpointShape> => ({
  origin: checkpoint.origin,
  size: checkpoint.size,
  root: Buffer.from(checkpoint.root).toString('base64'),
  signedAt: checkpoint.signedAt.toISOString(),
  note: checkpoint.note,
});
