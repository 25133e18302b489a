import { z } from 'zod';
import { principalOf } from '../../application/caller.ts';
import { type PackSelection, requestPack } from '../../application/packs/request-pack.ts';
import { userRefsOf } from '../../application/reading/references-of-user.ts';
import { isRefusal } from '../../application/refusal.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { type AuditPack, deletePack, listPacks, readPack } from '../../records/audit-packs.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { listingOf } from '../licenses/reading/list-query.ts';
import { refuseFilters } from '../licenses/reading/refuse-filters.ts';
import { page, smallerPages } from '../paging.ts';
import { type Problem, problem, refused } from '../problems/problems.ts';
import { none, type OrganizationCall, type Route, route } from '../route.ts';
import { cursor, pageLimit, pageOf } from '../schemas.ts';
import { type PackRouteNeeds, packTag } from './audit-needs.ts';
import { keptFilter } from './kept-filter.ts';
import { newPack, packBody, packId, packShape } from './pack-shape.ts';
import { streamPack } from './stream-pack.ts';

const packPath = z.strictObject({ packId });

const reads = { method: 'get', tag: packTag, permission: 'readLog', effect: 'read' } as const;

/** POST /v1/audit/packs: requests an evidence pack, which a worker makes. */
export const requestPackRoute = (needs: PackRouteNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/audit/packs',
    operationId: 'requestPack',
    summary: 'Request an evidence pack',
    description:
      'A zip with the whole histories of licenses that your organization has issued, their states at two instants, and proofs that `ledger-verify.mjs` checks offline. It covers the events that are recorded when a worker makes it. The pack has the leaves of the whole log, so that it proves the histories to be complete: the ids and hashes of all events, without content. A log of more than 1,000,000 events has proofs of the single events in their place. At most 10 packs of an organization wait or are being made, and it has at most 20, of 4,000,000,000 bytes together. A pack is removed after 7 days, and one that failed after a day.',
    tag: packTag,
    permission: 'readLog',
    effect: 'change',
    request: z.object({ params: none, query: none, body: newPack }),
    replies: { 202: { description: 'A worker makes the pack.', body: packShape, headers: ['Location'] } },
    bounded: { narrow: 'Use a narrower filter, or name the licenses.' },
    rejections: ['LICENSE_NOT_FOUND', 'QUOTA_EXCEEDED'],
    handle: async ({ body }, call) => {
      const now = needs.now();
      const { from, to = now } = body;
      const refusal = refuseInstants({ from, to, now }) ?? refuseFilter(body, now);
      if (refusal !== null) return refusal;
      const { caller } = call;
      const { organizationId } = caller;
      const request = { organizationId, principal: principalOf(caller), operation: 'requestPack', input: body };
      return idempotently(needs, call, request, async ({ commandId }) => {
        const selection = await selectionOf(needs, organizationId, body, now);
        const query = { licenses: body.licenses ?? null, filter: filterOf(call), from, to };
        const pack = await requestPack(needs.pool, caller, {
          ...{ commandId, selection, query, hasLeaves: !body.proofsOnly },
          now: new Date(now),
        });
        if (isRefusal(pack)) return refused(pack);
        return { status: 202, body: packBody(pack), headers: { Location: `/v1/audit/packs/${pack.packId}` } };
      });
    },
  });

/** GET /v1/audit/packs: lists the packs of the organization, the newest first. */
export const listPacksRoute = ({ pool, secrets, now }: PackRouteNeeds): Route =>
  route({
    ...reads,
    path: '/v1/audit/packs',
    operationId: 'listPacks',
    summary: 'List evidence packs',
    description: 'The packs of your organization that are not removed yet, the newest first.',
    request: z.object({
      params: none,
      query: z.strictObject({ limit: pageLimit.optional(), cursor: cursor.optional() }),
    }),
    replies: { 200: { description: 'One page.', body: pageOf(packShape) } },
    bounded: smallerPages,
    rejections: [],
    handle: ({ query }, { caller: { organizationId } }) =>
      page<AuditPack>(secrets, query, {
        name: `audit packs\0${organizationId}`,
        url: '/v1/audit/packs?',
        placeOf: ({ createdAt, packId }) => `${createdAt.toISOString()} ${packId}`,
        read: (place, limit) => {
          const [createdAt = '', id = ''] = place?.split(' ') ?? [];
          const after = place === null ? null : { createdAt, packId: id };
          return asTenant(pool, organizationId, (db) =>
            listPacks(db, organizationId, { after, limit, now: new Date(now()) }),
          );
        },
        bodyOf: packBody,
      }),
  });

/** GET /v1/audit/packs/{packId} */
export const getPack = ({ pool, now }: PackRouteNeeds): Route =>
  route({
    ...reads,
    path: '/v1/audit/packs/{packId}',
    operationId: 'getPack',
    summary: 'Get the state of an evidence pack',
    description: 'Ask again every few seconds until the state is READY or FAILED.',
    request: z.object({ params: packPath, query: none }),
    replies: { 200: { description: 'The pack.', body: packShape } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params: { packId } }, { caller: { organizationId } }) => {
      const pack = await asTenant(pool, organizationId, (db) =>
        readPack(db, organizationId, { packId, now: new Date(now()) }),
      );
      return pack === null ? noSuchPack : { status: 200, body: packBody(pack) };
    },
  });

/** GET /v1/audit/packs/{packId}/file: returns the zip. */
export const getPackFile = ({ pool, now }: PackRouteNeeds): Route =>
  route({
    ...reads,
    path: '/v1/audit/packs/{packId}/file',
    operationId: 'getPackFile',
    summary: 'Get the file of an evidence pack',
    description: 'The zip of a pack that is READY. Compare its SHA-256 with that of the pack.',
    request: z.object({ params: packPath, query: none }),
    replies: { 200: { description: 'A zip.', file: 'application/zip' } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params: { packId } }, call) => {
      const { organizationId } = call.caller;
      const pack = await asTenant(pool, organizationId, (db) =>
        readPack(db, organizationId, { packId, now: new Date(now()) }),
      );
      if (pack === null) return noSuchPack;
      if (pack.size === null) return problem('NOT_FOUND', `The pack has no file: it is ${pack.state}.`);
      return streamPack(pool, { organizationId, packId, size: pack.size, signal: call.signal() });
    },
  });

/** DELETE /v1/audit/packs/{packId}: removes a pack with its file. */
export const deletePackRoute = (needs: PackRouteNeeds): Route =>
  route({
    method: 'delete',
    path: '/v1/audit/packs/{packId}',
    operationId: 'deletePack',
    summary: 'Delete an evidence pack',
    description: 'Removes a pack that is READY or FAILED, with its file. This makes room for others.',
    tag: packTag,
    permission: 'readLog',
    effect: 'change',
    request: z.object({ params: packPath, query: none }),
    replies: { 204: { description: 'The pack is removed.' } },
    rejections: ['NOT_FOUND'],
    handle: ({ params: { packId } }, call) => {
      const { caller } = call;
      const { organizationId } = caller;
      const request = { organizationId, principal: principalOf(caller), operation: 'deletePack', input: { packId } };
      return idempotently(needs, call, request, async () => {
        const isDeleted = await asTenant(needs.pool, organizationId, (db) => deletePack(db, organizationId, packId), {
          readOnly: false,
        });
        return isDeleted ? { status: 204, body: {} } : noEndedPack;
      });
    },
  });

const noSuchPack = problem(
  'NOT_FOUND',
  'There is no such pack. A pack is removed 7 days after it was made, and one that failed after a day.',
);
const noEndedPack = problem('NOT_FOUND', 'There is no such pack that is READY or FAILED. Only these can be deleted.');

type PackBody = z.output<typeof newPack>;

const refuseInstants = ({ from, to, now }: Record<'from' | 'to' | 'now', string>): Problem | null => {
  if (to > now) return refusedAt('/to', `to must not be in the future. The clock of this server says ${now}.`);
  return from > to ? refusedAt('/from', `from must not be later than to, ${to}.`) : null;
};

const refusedAt = (pointer: string, detail: string): Problem =>
  problem('INVALID_REQUEST', detail, [{ pointer, detail }]);

const refuseFilter = ({ filter }: PackBody, now: string): Problem | null =>
  filter === undefined ? null : refuseFilters(filter, now, (name) => `/filter/${name}`);

const selectionOf = async (
  { pool, secrets }: PackRouteNeeds,
  organizationId: string,
  { licenses, filter = {} }: PackBody,
  now: string,
): Promise<PackSelection> => {
  if (licenses !== undefined) return { licenses };
  const { user } = filter;
  const userRefs =
    user === undefined
      ? undefined
      : await asTenant(pool, organizationId, (db) => userRefsOf(db, secrets, organizationId, user));
  return { filters: listingOf(filter, { userRefs, now }) };
};

/** Returns the filter as the manifest shows it. */
const filterOf = ({ sent }: OrganizationCall): JsonObject | null => {
  const { filter } = sent.body as { readonly filter?: JsonObject };
  return filter === undefined ? null : keptFilter(filter);
};
