import { z } from 'zod';
import { readEntries, readTile, type TileFile } from '../../application/logs/read-tiles.ts';
import { organizationId } from '../auth/shapes.ts';
import { type FileReply, type Route, strangersRoute } from '../route.ts';
import { answerLog, changingFile, immutableFile } from './log-answers.ts';
import { type LogNeeds, logTag, originOfCheckpoint } from './log-needs.ts';

const octets = 'application/octet-stream';

const place = z.string().max(60).meta({
  description:
    'The index in groups of three digits, as in 067 and x001/x234/067, and .p/ with the width of a tile that is not full, as in 067.p/8. It contains slashes.',
  example: '000',
});

const query = z.strictObject({ origin: originOfCheckpoint });

const described = {
  method: 'get',
  isOpenPath: true,
  tag: logTag,
  permission: 'readLog',
  effect: 'read',
  conditional: true,
  rejections: ['NOT_FOUND', 'NOT_IN_CHECKPOINT_YET'],
} as const;

/** GET /v1/logs/{organizationId}/tile/{level}/{index}: returns a tile of hashes. */
export const getTile = ({ pool }: LogNeeds): Route =>
  strangersRoute({
    ...described,
    path: '/v1/logs/{organizationId}/tile/{level}/{index}',
    operationId: 'getTile',
    summary: 'Get a tile of a log',
    description:
      'The hashes of a tile by C2SP tlog-tiles: up to 256 of 32 bytes each. The path has the only form of the standard. A tile is as wide as the served checkpoint covers it, or less.',
    request: z.object({
      params: z.strictObject({
        organizationId,
        level: z.string().max(20).meta({ description: '0 for the hashes of leaves, up to 63.', example: '0' }),
        index: place,
      }),
      query,
    }),
    replies: { 200: { description: 'The hashes, one after another.', file: octets } },
    handle: ({ params: { organizationId, level, index }, query: { origin = null } }, call) =>
      answerLog(
        call,
        organizationId,
        (log) => readTile(pool, log, { path: `tile/${level}/${index}`, origin }),
        fileOf(origin),
      ),
  });

/** GET /v1/logs/{organizationId}/tile/entries/{index}: returns the leaves of a tile of level 0. */
export const getEntries = ({ pool }: LogNeeds): Route =>
  strangersRoute({
    ...described,
    path: '/v1/logs/{organizationId}/tile/entries/{index}',
    operationId: 'getEntries',
    isHeavy: true,
    summary: 'Get a bundle of leaves of a log',
    description:
      'The leaves of the tile of level 0 with the same index, by C2SP tlog-tiles: before each its length in two bytes. A leaf names an event by id, stream, revision, time and hash, and has none of its content.',
    request: z.object({ params: z.strictObject({ organizationId, index: place }), query }),
    replies: { 200: { description: 'The leaves, one after another.', file: octets } },
    handle: ({ params: { organizationId, index }, query: { origin = null } }, call) =>
      answerLog(
        call,
        organizationId,
        (log) => readEntries(pool, log, { path: `tile/entries/${index}`, origin }),
        fileOf(origin),
      ),
  });

const fileOf =
  (origin: string | null) =>
  ({ bytes, isFull }: TileFile): FileReply =>
    isFull ? immutableFile(octets, bytes, origin === null ? hourSeconds : yearSeconds) : changingFile(octets, bytes);

// After a lawful restart the same path has another tile. The address with the origin then answers 404.
const hourSeconds = 3_600;
const yearSeconds = 31_536_000;
