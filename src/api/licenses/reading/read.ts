import { z } from 'zod';
import { notProjected, readLicenseRows } from '../../../application/reading/parked-license.ts';
import { type LicenseReadNeeds, readLicense } from '../../../application/reading/read-license.ts';
import { isRefusal } from '../../../application/refusal.ts';
import { tiers } from '../../../domain/license/policy.ts';
import { statuses } from '../../../domain/license/status.ts';
import type { Instant } from '../../../domain/time.ts';
import type { Secrets } from '../../../identity/secrets.ts';
import { asTenant } from '../../../postgres/tenant.ts';
import type { LicenseView } from '../../../projections/queries/license-by-id.ts';
import { type LicensePlace, listLicenses } from '../../../projections/queries/license-list.ts';
import { type ActivationView, activationsOf } from '../../../projections/tables/activations.ts';
import { filtersOf, page } from '../../paging.ts';
import { type Problem, problem, refused } from '../../problems.ts';
import { none, type Route, route } from '../../route.ts';
import { cursor, idOf, instantIn, licensePath, pageLimit, pageOf, productCode, text } from '../../schemas.ts';
import { activationBody, activationShape } from '../devices/activation-shape.ts';
import { licenseBody, licenseShape, licenseTag } from '../license-shape.ts';

export type ReadNeeds = LicenseReadNeeds & { readonly secrets: Secrets };

const listQuery = z.strictObject({
  limit: pageLimit.optional(),
  cursor: cursor.optional(),
  status: z.enum(statuses).optional(),
  tier: z.enum(tiers).optional(),
  product: productCode.optional(),
  externalRef: text(200).optional(),
  holder: idOf('org', 'org_01h455vb4pex5vsknk084sn02q').optional(),
  expiresBefore: instantIn.optional(),
  expiresAfter: instantIn.optional(),
  q: text(200).optional(),
});

/** GET /v1/licenses: those that the organization issues or holds, newest first. */
export const listLicensesRoute = ({ pool, secrets, now }: ReadNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/licenses',
    operationId: 'listLicenses',
    summary: 'List licenses',
    description:
      'The licenses that your organization issues or holds, newest first. expiresAfter includes its instant, expiresBefore does not. q: what the reference or the name of the holder begins with, in any case; of holders that begin so, 1,000 are looked at. A cursor goes with its filters.',
    tag: 'Licenses',
    permission: 'readLicenses',
    effect: 'read',
    request: z.object({ params: none, query: listQuery }),
    replies: { 200: { description: 'One page.', body: pageOf(licenseShape) } },
    rejections: [],
    handle: ({ query: { limit, cursor: from, ...filters } }, { caller: { organizationId: orgId } }) => {
      const at = now();
      const filtered = filtersOf(filters);
      return page<LicenseView>(
        secrets,
        { limit, cursor: from },
        // Of the version of its places.
        `licenses 2\0${orgId}\0${filtered}`,
        (parameters) => `/v1/licenses?${filtered}${parameters}`,
        ({ facts }) => `${facts.createdAt} ${facts.licenseId}`,
        (after, count) =>
          asTenant(pool, orgId, (db) =>
            listLicenses(db, { orgId, limit: count, after: placeIn(after), now: at, ...filters }),
          ),
        ({ facts, revision, metadata }) => licenseBody(facts, { revision, metadata: metadata ?? {}, at }),
      );
    },
  });

const placeIn = (cursor: string | null): LicensePlace | null => {
  if (cursor === null) return null;
  const [createdAt = '', licenseId = ''] = cursor.split(' ');
  return { createdAt, licenseId };
};

/** GET /v1/licenses/{licenseId} */
export const getLicense = (needs: ReadNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/licenses/{licenseId}',
    operationId: 'getLicense',
    summary: 'Get a license',
    description:
      'A license that your organization issues or holds, with its revision as ETag. asOf: as it was at that instant, with ' +
      'what was recorded later about the time before it; metadata has no history and is then empty. Before it was issued, or ' +
      'while another organization held it that you are not the issuer for, there is no such license.',
    tag: 'Licenses',
    permission: 'readLicenses',
    effect: 'read',
    conditional: true,
    request: z.object({ params: licensePath, query: z.strictObject({ asOf: instantIn.optional() }) }),
    replies: { 200: { description: 'The license.', body: licenseShape } },
    rejections: ['LICENSE_NOT_FOUND'],
    handle: async ({ params: { licenseId }, query: { asOf } }, { caller: { organizationId } }) => {
      const refusal = asOf === undefined ? null : refuseFuture(asOf, needs.now());
      if (refusal !== null) return refusal;
      const license = await readLicense(needs, organizationId, licenseId, asOf);
      if (isRefusal(license)) return refused(license);
      return {
        status: 200,
        body: licenseBody(license.facts, license),
        headers: { ETag: licenseTag(license.facts, license) },
      };
    },
  });

/** Refuses an instant that has not come: what it will bring is not known. */
const refuseFuture = (asOf: Instant, now: Instant): Problem | null => {
  if (asOf <= now) return null;
  const detail = `asOf must not be in the future; it is ${now} here.`;
  return problem('INVALID_REQUEST', detail, [{ pointer: '?asOf', detail }]);
};

/** GET /v1/licenses/{licenseId}/activations: the open ones, newest first. */
export const listActivations = (needs: ReadNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/licenses/{licenseId}/activations',
    operationId: 'listActivations',
    summary: 'List the activations of a license',
    description: 'The devices that are activated now, newest first.',
    tag: 'Licenses',
    permission: 'readLicenses',
    effect: 'read',
    request: z.object({
      params: licensePath,
      query: z.strictObject({ limit: pageLimit.optional(), cursor: cursor.optional() }),
    }),
    replies: { 200: { description: 'One page.', body: pageOf(activationShape) } },
    rejections: ['LICENSE_NOT_FOUND'],
    handle: ({ params: { licenseId }, query }, { caller: { organizationId: orgId } }) =>
      page<ActivationView>(
        needs.secrets,
        query,
        `activations\0${orgId}\0${licenseId}`,
        (parameters) => `/v1/licenses/${licenseId}/activations?${parameters}`,
        ({ activationId }) => activationId,
        (after, limit) =>
          readLicenseRows(needs, orgId, licenseId, async (db, { isParked }) =>
            isParked ? notProjected : activationsOf(db, licenseId, { limit, after }),
          ),
        activationBody,
      ),
  });
