import type { Pool } from 'pg';
import { organizationAggregate } from '../../aggregates/aggregates.ts';
import { forkIssued } from '../../domain/license/evolve.ts';
import type { IssuedLicense } from '../../domain/license/license.ts';
import { planRepairs } from '../../domain/license/repair/plan-repairs.ts';
import type { RepairPlan } from '../../domain/license/repair/repair-step.ts';
import type { Situation } from '../../domain/license/repair/situation.ts';
import { settle } from '../../domain/license/settle.ts';
import { type ExplainedValidation, explainValidation } from '../../domain/license/validation/explain-validation.ts';
import type { Organization } from '../../domain/organization/organization.ts';
import type { Instant } from '../../domain/time.ts';
import type { EventStore } from '../../eventstore/event-store.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { productScope } from '../../postgres/product-scope.ts';
import { asTenant } from '../../postgres/tenant.ts';
import type { ValidationFacts } from '../../projections/queries/validation.ts';
import { deadLeases, lastHeartbeat } from '../../records/lease-liveness.ts';
import { findUnsold } from '../catalog/find-offer.ts';
import type { ClientNeeds, NameNeeds } from '../client-license.ts';
import { findDeviceHashes, findHolder, findUser } from '../devices/known-names.ts';
import { wholeLicenseAsOf } from '../reading/as-of.ts';
import { isVisible } from '../reading/is-visible.ts';
import { factsOfStream, readerOfStream } from '../reading/license-validations.ts';
import { readParked } from '../reading/parked-license.ts';
import { findNewestEntitled } from './date-version.ts';
import { type NamedScope, readValidationInput, type ValidationInput } from './validation-input.ts';

/** The needs of an explanation. */
export type ExplainNeeds = ClientNeeds & {
  readonly executor: Executor;
  readonly pool: Pool;
  readonly store: Pick<EventStore, 'read'>;
  readonly now: () => Instant;
};

/** A license to explain, by its id or by the hashes of its key under every secret. */
export type ExplainedName = { readonly licenseId: string } | { readonly keyHashes: readonly Buffer[] };

/** What is explained: the scope of a validation, at an instant (null: now). */
export type ExplainRequest = {
  readonly organizationId: string;
  readonly name: ExplainedName;
  readonly named: NamedScope;
  readonly at: Instant | null;
  readonly signal: AbortSignal;
};

/** The explanation of a validation at `at`. `license` null: the organization has no such license at that instant. */
export type ExplainedVerdict = ExplainedValidation & {
  readonly at: Instant;
  readonly license: { readonly id: string; readonly revision: bigint } | null;
  readonly plan: RepairPlan;
};

/**
 * Explains the validation of a license that the organization issues or holds, and plans what makes it valid. Changes
 * nothing: it starts no term and checks nothing in, so it agrees with a validation that only looks. A past instant
 * shows the license as of then, without a plan, because nobody can repair the past. A future instant shows what the
 * license will be if nothing else happens.
 */
export const explainVerdict = async (needs: ExplainNeeds, request: ExplainRequest): Promise<ExplainedVerdict> => {
  const now = needs.now();
  const { organizationId, named } = request;
  const at = request.at ?? now;
  const current = await findLicense(needs, request);
  const then = current === null ? null : await licenseAt(needs, current.facts.licenseId, { at, now }, request.signal);
  if (current === null || then === null || !isVisible(then.license.facts, organizationId, productScope()))
    return { ...explainValidation(null, { product: null, fingerprint: null }, at), at, license: null, plan: noPlan };

  const { license } = then;
  const issuerClosed = await wasClosed(needs.executor, license.facts.issuerOrgId, at);
  const read = factsOfStream(then, { keyVersion: current.keyVersion, issuerClosed });
  const reading = { pool: needs.pool, secrets: needs.secrets, validations: readerOfStream(needs.pool, license, at) };
  const input = await readValidationInput(reading, read, named);
  const explained = explainValidation(input.view, input.scope, at);
  const plan =
    explained.validation.valid || at < now
      ? noPlan
      : planRepairs(await situationOf(needs, reading, { license, read, named, input, at }));
  // A plan without a step for an invalid license says which code nothing removes.
  const unrepairable =
    plan.repairs.length > 0 || explained.validation.valid || at < now ? null : explained.validation.code;
  return {
    ...explained,
    at,
    license: { id: license.facts.licenseId, revision: then.revision },
    plan: { ...plan, unrepairable: plan.unrepairable ?? unrepairable },
  };
};

const noPlan: RepairPlan = { repairs: [], unrepairable: null };

/** Returns the license of the organization now; null when there is none. */
const findLicense = async (
  { validations }: ExplainNeeds,
  { organizationId, name }: ExplainRequest,
): Promise<ValidationFacts | null> => {
  if ('licenseId' in name) return validations.byId(organizationId, name.licenseId);
  const license = await validations.byKey(name.keyHashes);
  return license !== null && isVisible(license.facts, organizationId, productScope()) ? license : null;
};

type LicenseThen = { readonly license: IssuedLicense; readonly revision: bigint };

const licenseAt = async (
  { executor, store }: ExplainNeeds,
  licenseId: string,
  { at, now }: { readonly at: Instant; readonly now: Instant },
  signal: AbortSignal,
): Promise<LicenseThen | null> => {
  // A fork, because the executor goes on changing its state.
  const view = (license: IssuedLicense, revision: bigint) => ({ license: forkIssued(license), revision });
  if (at >= now) return readParked(executor, { licenseId, at }, view);
  const then = await wholeLicenseAsOf({ store }, licenseId, at, signal);
  return then === null ? null : { license: settle(then.license, at).license, revision: then.revision };
};

const wasClosed = (executor: Executor, organizationId: string, at: Instant): Promise<boolean> =>
  executor.read(
    organizationAggregate,
    organizationId,
    (organization: Organization) =>
      organization.kind === 'created' && organization.closedAt !== null && organization.closedAt <= at,
  );

type Explained = {
  readonly license: IssuedLicense;
  readonly read: ValidationFacts;
  readonly named: NamedScope;
  readonly input: ValidationInput;
  readonly at: Instant;
};

/** Returns the situation whose repairs are planned. Its scope has the names as the stream knows them. */
const situationOf = async (
  { pool, executor }: ExplainNeeds,
  reading: NameNeeds,
  { license, read, named, input, at }: Explained,
): Promise<Situation> => {
  const { facts } = license;
  const { product, version, fingerprint, components, leaseHolder, user } = named;
  const device = fingerprint === undefined ? null : await findDeviceHashes(reading, read, { fingerprint, components });
  const lease = leaseHolder === undefined ? null : await findHolder(reading, read, leaseHolder);
  const leaseId = license.leaseByHolder.get(lease ?? '');
  const number = typeof version === 'object' ? version.number : (version ?? '');
  const release = await findNewestEntitled(pool, facts, { product: product ?? null, version: number, at });
  const [heardAt, dead] = await asTenant(pool, facts.issuerOrgId, async (db) => [
    leaseId === undefined ? null : await lastHeartbeat(db, facts, leaseId),
    await deadLeases(db, facts.licenseId, at),
  ]);
  return {
    license,
    at,
    scope: {
      ...input.scope,
      fingerprint: device?.fingerprintHash ?? null,
      ...(components === undefined || device?.components === undefined ? {} : { components: device.components }),
      lease,
      user: user === undefined ? null : await findUser(reading, read, user),
    },
    tenantSuspended: read.issuerClosed,
    lastCheckInAt: input.view.lastCheckInAt,
    heartbeat: leaseId === undefined || heardAt === null ? null : { leaseId, lastSeenAt: heardAt },
    dead,
    isProductSold:
      product !== undefined && (await findUnsold(executor, facts.issuerOrgId, [product], 'product')) === null,
    release: release === null ? null : { number: release.version, releasedAt: release.releasedAt },
  };
};
