import { z } from 'zod';
import { readCurrentRows } from '../../../application/reading/parked-license.ts';
import { type LicenseReadNeeds, readLicense } from '../../../application/reading/read-license.ts';
import { userRefsOf } from '../../../application/reading/references-of-user.ts';
import { isRefusal } from '../../../application/refusal.ts';
import type { Instant } from '../../../domain/time.ts';
import type { Secrets } from '../../../identity/secrets.ts';
import { asTenant } from '../../../postgres/tenant.ts';
import type { LicenseView } from '../../../projections/queries/license-by-id.ts';
import { listLicenses, placeOf } from '../../../projections/queries/lists/license-list.ts';
import {
  defaultSort,
  isServed,
  type LicensePlace,
  type LicenseSort,
} from '../../../projections/queries/lists/license-listing.ts';
import { type ActivationView, activationsOf } from '../../../projections/tables/activations.ts';
import { decodeCursor } from '../../cursor.ts';
import { filtersOf, page } from '../../paging.ts';
import { type Problem, problem, refused } from '../../problems/problems.ts';
import { none, type Route, route } from '../../route.ts';
import { instantIn, licensePath, pageOf } from '../../schemas.ts';
import { deviceBody, deviceShape } from '../devices/activation-shape.ts';
import { licenseBody, licenseShape, licenseTag } from '../license-shape.ts';
import { listOfLicense } from './list-of-license.ts';
import { expiringIn, listingOf, listQuery } from './list-query.ts';
import { refuseFilters } from './refuse-filters.ts';
import { licenseWithUse } from './use-shape.ts';

export type ReadNeeds = LicenseReadNeeds & { readonly secrets: Secrets };

/** GET /v1/licenses: lists the licenses that the organization issues or holds, newest first by default. */
export const listLicensesRoute = ({ pool, secrets, now }: ReadNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/licenses',
    operationId: 'listLicenses',
    summary: 'List licenses',
    description:
      'The licenses that your organization issues or holds, newest first. With expiresAfter, expiresBefore or status=EXPIRING, the list is in the order of the ends of terms, the earliest end first. sort names another order; a license without an end comes last in the order expiresAt. keyHint is the last group of the current key. expiresAfter includes its instant, expiresBefore excludes it. policy is the id of a policy, in any version. user is an assigned user, as your organization assigned it, or its reference. metadata[team]=blue finds texts, numbers and truth values in the metadata, exactly; send it once for each name, at most five. activations and seats find licenses with none in use, or at their limit, of those with a limit other than 0. suspendedFor finds suspended licenses by the reason of the suspension. lastValidatedBefore finds licenses that were issued before the instant and not validated since. q is the beginning of the external reference or of the name of the holder, in upper or lower case. contains is a part of them, of 3 characters or more. The search considers at most 1,000 holders. A cursor works only with the filters and the order that it was returned for.',
    tag: 'Licenses',
    permission: 'readLicenses',
    effect: 'read',
    request: z.object({ params: none, query: listQuery }),
    replies: { 200: { description: 'One page.', body: pageOf(licenseShape) } },
    bounded: {
      narrow:
        'Use q or externalRef in place of contains, a longer beginning of the reference or name in q, one filter such as externalRef, or a smaller limit.',
    },
    rejections: [],
    handle: async ({ query: { limit, cursor: from, sort: requested, ...filters } }, { caller }) => {
      const { organizationId: orgId } = caller;
      const at = now();
      const ends = { ...filters, ...expiringIn(filters.status) };
      const sort = requested ?? defaultSort(ends);
      // The number is the version of the places in its cursors.
      const name = `licenses 3\0${orgId}\0${filtersOf(filters)}`;
      const cursorSort = from === undefined ? null : sortIn(decodeCursor(secrets, name, from));
      if (!isServed(sort, ends)) return sortRefused(sort);
      const unknown = refuseFilters(filters, at, (name) => `?${name}`);
      if (unknown !== null) return unknown;
      if (cursorSort !== null && cursorSort !== sort) return cursorRefused(cursorSort, sort);
      return page<LicenseView>(
        secrets,
        { limit, cursor: from },
        {
          name,
          url: `/v1/licenses?${filtersOf({ ...filters, sort: requested })}`,
          placeOf: ({ facts }) => {
            const { instant, licenseId } = placeOf(facts, sort);
            return `${sort} ${instant ?? ''} ${licenseId}`;
          },
          read: (after, count) =>
            asTenant(pool, orgId, async (db) => {
              const { user } = filters;
              const userRefs = user === undefined ? undefined : await userRefsOf(db, secrets, orgId, user);
              const listing = { orgId, limit: count, after: placeIn(after), sort };
              return listLicenses(db, { ...listing, ...listingOf(filters, { userRefs, now: at }) });
            }),
          bodyOf: ({ facts, revision, metadata }) => licenseBody(facts, { revision, metadata: metadata ?? {}, at }),
        },
      );
    },
  });

const sortIn = (place: string | null): string | null => place?.split(' ')[0] ?? null;

const sortRefused = (sort: LicenseSort): Problem => {
  const detail = `sort=${sort} does not work with expiresAfter, expiresBefore or status=EXPIRING. Use sort=expiresAt or sort=-expiresAt, or leave sort out.`;
  return problem('INVALID_REQUEST', detail, [{ pointer: '?sort', detail }]);
};

const cursorRefused = (cursorSort: string, sort: LicenseSort): Problem => {
  const detail = `This cursor belongs to the order sort=${cursorSort}, and this request has the order sort=${sort}. Send the same order, or leave cursor out to read from the beginning.`;
  return problem('INVALID_REQUEST', detail, [{ pointer: '?cursor', detail }]);
};

const placeIn = (cursor: string | null): LicensePlace | null => {
  if (cursor === null) return null;
  const [, instant = '', licenseId = ''] = cursor.split(' ');
  return { instant: instant === '' ? null : instant, licenseId };
};

/** GET /v1/licenses/{licenseId} */
export const getLicense = (needs: ReadNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/licenses/{licenseId}',
    operationId: 'getLicense',
    summary: 'Get a license',
    description:
      'Returns a license that your organization issues or holds, with its revision as ETag. With asOf, returns the license ' +
      'as of that instant, including events that were recorded later and took effect before it. Metadata has no history ' +
      'and is empty then. Before the license was issued, it does not exist. An imported license is what the import says ' +
      'from its historyFrom on, with recorded: false. For a holder, the license does not exist before the ' +
      'organization held it. The fields lastValidatedAt and recentValidations are a few seconds old, and do not change the ETag.',
    tag: 'Licenses',
    permission: 'readLicenses',
    effect: 'read',
    conditional: true,
    request: z.object({ params: licensePath, query: z.strictObject({ asOf: instantIn.optional() }) }),
    replies: { 200: { description: 'The license.', body: licenseWithUse } },
    rejections: ['LICENSE_NOT_FOUND'],
    bounded: {
      narrow: 'Send the request again: the first read of a long history prepares the next ones.',
      when: (query) => 'asOf' in query,
    },
    handle: async ({ params: { licenseId }, query: { asOf } }, { caller: { organizationId }, signal }) => {
      const refusal = asOf === undefined ? null : refuseFuture(asOf, needs.now());
      if (refusal !== null) return refusal;
      const license = await readLicense(needs, organizationId, licenseId, { asOf, signal: signal() });
      if (isRefusal(license)) return refused(license);
      return {
        status: 200,
        body: { ...licenseBody(license.facts, license), ...license.use },
        headers: { ETag: licenseTag(license.facts, license) },
      };
    },
  });

/** Refuses an instant in the future. */
export const refuseFuture = (asOf: Instant, now: Instant): Problem | null => {
  if (asOf <= now) return null;
  const detail = `asOf must not be in the future. The clock of this server says ${now}.`;
  return problem('INVALID_REQUEST', detail, [{ pointer: '?asOf', detail }]);
};

/** GET /v1/licenses/{licenseId}/activations: lists the active devices, newest first. */
export const listActivations = (needs: ReadNeeds): Route =>
  route({
    ...listOfLicense('activations', deviceShape),
    operationId: 'listActivations',
    summary: 'List the activations of a license',
    description: 'The devices that are activated now, newest first.',
    handle: ({ params: { licenseId }, query }, { caller: { organizationId: orgId } }) =>
      page<ActivationView>(needs.secrets, query, {
        name: `activations\0${orgId}\0${licenseId}`,
        url: `/v1/licenses/${licenseId}/activations?`,
        placeOf: ({ activationId }) => activationId,
        read: (after, limit) =>
          readCurrentRows(needs, orgId, licenseId, (db, { activations: except }) =>
            activationsOf(db, licenseId, { limit, after, except }),
          ),
        bodyOf: deviceBody,
      }),
  });
