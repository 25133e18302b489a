import { z } from 'zod';
import { type ChangedRelease, publishRelease, withdrawRelease } from '../../application/catalog/change-release.ts';
import { channelPattern, noProductOfRelease, noSuchRelease } from '../../domain/catalog/decide-releases.ts';
import { canonicalVersion } from '../../domain/license/validation/app-versions.ts';
import type { Instant } from '../../domain/time.ts';
import { asTenant } from '../../postgres/tenant.ts';
import { listProducts } from '../../projections/tables/products.ts';
import { listReleases, type ReleaseView, releaseOf } from '../../projections/tables/releases.ts';
import { entityTag } from '../http/conditional.ts';
import { answerOwnChange } from '../own-change.ts';
import { organizationPage, smallerPages } from '../paging.ts';
import { refused } from '../problems/problems.ts';
import { none, type Route, route } from '../route.ts';
import { booleanText, cursor, instantIn, instantOut, pageLimit, pageOf, productCode, readAs } from '../schemas.ts';
import { changesCatalog } from './catalog-fields.ts';
import type { CatalogNeeds } from './catalog-needs.ts';
import { versionIn } from './policy-rules.ts';

const channel = z
  .string()
  .regex(channelPattern, 'must be 1 to 30 of a-z, 0-9, _ and -, beginning with a letter')
  .meta({ example: 'stable' });

const productPath = z.strictObject({ code: productCode });
const releasePath = z.strictObject({ code: productCode, version: versionIn });

const newRelease = z
  .strictObject({
    version: versionIn.max(64).meta({
      description: 'The version of SemVer. It is stored with three numbers, without a leading v and without the build.',
    }),
    releasedAt: instantIn.optional().meta({
      description:
        'When the version was released. By default now; for a version that the catalog lists already, its date.',
    }),
    channel: channel.default('stable').meta({ description: 'The channel of the release.' }),
  })
  .meta({ id: 'NewRelease', example: { version: '2.1.0', releasedAt: '2027-01-31T00:00:00.000Z', channel: 'stable' } });

const releaseShape = z
  .strictObject({
    product: z.string().meta({ description: 'The code of the product.', example: 'local_cli' }),
    version: z.string().meta({ description: 'The version with three numbers, without the build.', example: '2.1.0' }),
    releasedAt: instantOut.meta({ description: 'When the version was released.' }),
    channel: z.string().meta({ description: 'The channel of the release.', example: 'stable' }),
    publishedAt: instantOut.meta({ description: 'When the catalog got the release.' }),
    withdrawnAt: instantOut
      .nullable()
      .meta({ description: 'When the release was withdrawn. Null when it counts for validations.' }),
  })
  .meta({ id: 'Release' });

const changedShape = z.strictObject({ release: releaseShape, changed: z.boolean() });

/** GET /v1/products/{code}/releases: lists the releases of a product, the last released first. */
export const listReleasesRoute = (needs: CatalogNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/products/{code}/releases',
    operationId: 'listReleases',
    summary: 'List the releases of a product',
    description:
      'The releases of a product, the one that was released last first, also withdrawn ones. A cursor works only with the filters that it was returned for.',
    tag: 'Catalog',
    permission: 'readCatalog',
    effect: 'read',
    request: z.object({
      params: productPath,
      query: z.strictObject({
        limit: pageLimit.optional(),
        cursor: cursor.optional(),
        channel: channel.optional().meta({ description: 'Only releases of this channel.' }),
        withdrawn: booleanText
          .meta({
            override: readAs({ type: 'boolean' }),
            example: false,
            description: 'true: only withdrawn releases. false: only the others. By default both.',
          })
          .optional(),
      }),
    }),
    bounded: smallerPages,
    replies: { 200: { description: 'One page.', body: pageOf(releaseShape) } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params: { code }, query }, { caller: { organizationId: issuerOrgId } }) => {
      if (!(await hasProduct(needs, issuerOrgId, code))) return refused(noProductOfRelease(code));
      return organizationPage<ReleaseView>(needs, query, {
        list: `products/${code}/releases`,
        organizationId: issuerOrgId,
        placeOf: ({ version }) => version,
        read: (db, page) => listReleases(db, { ...query, ...page, issuerOrgId, product: code }),
        bodyOf: releaseBody,
      });
    },
  });

/** GET /v1/products/{code}/releases/{version} */
export const getRelease = (needs: CatalogNeeds): Route =>
  route({
    method: 'get',
    path: '/v1/products/{code}/releases/{version}',
    operationId: 'getRelease',
    summary: 'Get a release',
    description: 'Returns a release, also one that was withdrawn. The ETag is the revision of the whole catalog.',
    tag: 'Catalog',
    permission: 'readCatalog',
    effect: 'read',
    conditional: true,
    request: z.object({ params: releasePath, query: none }),
    replies: { 200: { description: 'The release.', body: releaseShape } },
    rejections: ['NOT_FOUND'],
    handle: async ({ params: { code, version } }, { caller: { organizationId } }) => {
      const name = canonicalVersion(version) ?? '';
      const release = await asTenant(needs.pool, organizationId, (db) => releaseOf(db, organizationId, code, name));
      if (release === null)
        return refused(
          (await hasProduct(needs, organizationId, code))
            ? noSuchRelease({ product: code, version })
            : noProductOfRelease(code),
        );
      return { status: 200, body: releaseBody(release), headers: { ETag: entityTag(release.revision) } };
    },
  });

/** POST /v1/products/{code}/releases: adds a release of a product. */
export const publishReleaseRoute = (needs: CatalogNeeds): Route =>
  route({
    ...changesCatalog,
    method: 'post',
    path: '/v1/products/{code}/releases',
    operationId: 'publishRelease',
    summary: 'Publish a release',
    description:
      'Adds a version of a product with the instant of its release. Validations then take this instant, not one that the client sends. The same release again answers with changed: false. The same version with another date or channel gets 409 RELEASE_EXISTS. An archived product may get releases, because its licenses keep it.',
    request: z.object({ params: productPath, query: none, body: newRelease }),
    replies: {
      200: { description: 'The catalog had this release already.', body: changedShape },
      201: { description: 'The release was added.', body: changedShape, headers: ['Location', 'ETag'] },
    },
    rejections: ['NOT_FOUND', 'RELEASE_EXISTS', 'RELEASE_LIMIT_EXCEEDED'],
    handle: ({ params: { code }, body }, call) => {
      const { version, releasedAt = null, channel: inChannel } = body;
      const release = { product: code, version, releasedAt, channel: inChannel };
      const change = {
        operation: 'publishRelease',
        input: { code, body },
        change: (request: Parameters<typeof publishRelease>[1]) => publishRelease(needs, request, release),
      };
      return answerOwnChange(needs, call, change, (changed) => {
        const location = `/v1/products/${code}/releases/${changed.view.version}`;
        return changed.changed ? { ...answered(changed), location } : answered(changed);
      });
    },
  });

/** DELETE /v1/products/{code}/releases/{version}: withdraws a release. */
export const withdrawReleaseRoute = (needs: CatalogNeeds): Route =>
  route({
    ...changesCatalog,
    method: 'delete',
    path: '/v1/products/{code}/releases/{version}',
    operationId: 'withdrawRelease',
    summary: 'Withdraw a release',
    description:
      'The release no longer counts: validations treat the version as unknown, and never recommend it. The version can be published again, also with another date. Withdrawing it again changes nothing.',
    request: z.object({ params: releasePath, query: none }),
    replies: { 200: { description: 'The release was withdrawn.', body: changedShape } },
    rejections: ['NOT_FOUND'],
    handle: ({ params: { code, version } }, call) =>
      answerOwnChange(
        needs,
        call,
        {
          operation: 'withdrawRelease',
          input: { code, version },
          change: (request) => withdrawRelease(needs, request, { product: code, version }),
        },
        answered,
      ),
  });

const hasProduct = async ({ pool }: CatalogNeeds, issuerOrgId: string, code: string): Promise<boolean> => {
  const products = await asTenant(pool, issuerOrgId, (db) =>
    listProducts(db, { issuerOrgId, code, limit: 1, after: null }),
  );
  return products.length > 0;
};

const answered = ({ view, changed }: ChangedRelease) => ({ body: { release: releaseBody(view), changed } });

type ReleaseFields = {
  readonly product: string;
  readonly version: string;
  readonly releasedAt: Instant;
  readonly channel: string;
  readonly publishedAt: Instant;
  readonly withdrawnAt: Instant | null;
};

const releaseBody = (release: ReleaseFields): z.output<typeof releaseShape> => {
  const { product, version, releasedAt, channel: inChannel, publishedAt, withdrawnAt } = release;
  return { product, version, releasedAt, channel: inChannel, publishedAt, withdrawnAt };
};
