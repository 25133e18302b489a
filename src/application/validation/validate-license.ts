import type { Pool } from 'pg';
import { createKeyedQueue } from '../../async/keyed-queue.ts';
import { isKeyRotated } from '../../domain/license/keys/key-rotation.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { isApplication, type LicenseActing } from '../../domain/license/license-authority.ts';
import type { CatalogRelease } from '../../domain/license/validation/named-release.ts';
import { checksIn, isCheckInNoted, startsTerm } from '../../domain/license/validation/validation-effects.ts';
import {
  type ValidationScope,
  type ValidationView,
  viewOfFacts,
} from '../../domain/license/validation/validation-view.ts';
import { type Validation, validate } from '../../domain/license/validation/validity.ts';
import type { Instant } from '../../domain/time.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import { fingerprintHashes } from '../../identity/fingerprint.ts';
import { asTenant } from '../../postgres/tenant.ts';
import type { ValidationFacts } from '../../projections/queries/validation.ts';
import { noteCheckIn } from '../../records/check-ins.ts';
import type { ClientNeeds } from '../client-license.ts';
import type { Traced } from '../command-context.ts';
import type { CommandNeeds } from '../licenses/send-license-command.ts';
import { noteValidation, type ObservingNeeds } from '../observing/note-validation.ts';
import { findNewestEntitled } from './date-version.ts';
import { startTerm } from './start-term.ts';
import { type NamedScope, readValidationInput } from './validation-input.ts';

/** A request to validate a license. `license` is null for an unknown license, and `acting` is null then. */
export type ValidationRequest = {
  readonly call: Pick<Traced, 'requestId' | 'correlationId'>;
  readonly license: ValidationFacts | null;
  readonly acting: { readonly actor: Actor; readonly by: LicenseActing } | null;
  /** Returns the network of the client: 24 bits of an IPv4 address, 64 bits of an IPv6 address. */
  readonly clientNetwork: () => string;
};

/**
 * The verdict on a license as of `asOf`. `license` is null when it is unknown, or the key no longer works. `position`
 * is that of the start of a term that waited for this validation.
 */
export type Validated = {
  readonly verdict: Validation;
  readonly license: { readonly facts: LicenseFacts; readonly revision: bigint } | null;
  readonly asOf: Instant;
  readonly position?: bigint;
  /** The newest release that the license covers, after VERSION_NOT_ENTITLED; absent or null: none is known. */
  readonly newestEntitled?: CatalogRelease | null;
};

/**
 * Validates a license as `verdictOn` does. A client with a version that the license does not cover learns which one it
 * does.
 */
export const validateLicense = async (
  needs: ClientNeeds & CommandNeeds & ObservingNeeds,
  request: ValidationRequest,
  named: NamedScope,
): Promise<Validated> => {
  const validated = await verdictOn(needs, request, named);
  const { license, verdict, asOf } = validated;
  const { version, product = null } = named;
  if (license === null || version === undefined || !verdict.reasons.includes('VERSION_NOT_ENTITLED')) return validated;
  const number = typeof version === 'string' ? version : version.number;
  const unentitled = { product, version: number, at: asOf };
  return { ...validated, newestEntitled: await findNewestEntitled(needs.pool, license.facts, unentitled) };
};

/**
 * Says whether a license is valid now for what the request names. The first validation by the application starts a term
 * that waits for it, and checks a valid license in. Nothing else changes, and nothing when a member of an organization
 * looks. What applications validate is noted in memory.
 */
const verdictOn = async (
  needs: ClientNeeds & CommandNeeds & ObservingNeeds,
  { call, license, acting, clientNetwork }: ValidationRequest,
  named: NamedScope,
): Promise<Validated> => {
  const readAt = needs.now();
  if (license === null || acting === null || isKeyRotated(license.facts, license.keyVersion, readAt)) {
    // An unknown license takes the same work as an existing one, and a key that no longer works takes no more.
    const issuer = license?.facts.issuerOrgId ?? '';
    const [hash = null] =
      named.fingerprint === undefined ? [] : fingerprintHashes(needs.secrets, issuer, named.fingerprint);
    const view = license === null ? null : viewOfFacts(license.facts);
    const scope = { ...nothingNamed, keyVersion: license?.keyVersion ?? null };
    const verdict = validate(view, scope, readAt);
    if (license !== null) {
      const device = { named: hash, active: null };
      noteValidation(needs, { facts: license.facts, named, device, clientNetwork, at: readAt }, verdict);
    }
    return { verdict, license: null, asOf: readAt };
  }
  const { view, scope, device } = await readValidationInput(needs, license, named);
  const first = validate(view, scope, readAt);
  if (!isApplication(acting.by)) return { verdict: first, license, asOf: readAt };
  const noted = { facts: view.facts, named, device, clientNetwork, at: readAt };
  const checkedIn = checksIn(view.facts, first) ? await checkIn(needs.pool, view, readAt) : view;
  // A client that checks in on time may go on until its next check-in is due.
  const verdict = first.valid && checkedIn !== view ? validate(checkedIn, scope, readAt) : first;
  const started = startsTerm(view.facts, verdict)
    ? await startTerm(needs.executor, { call, actor: acting.actor }, view.facts, readAt)
    : null;
  if (started === null) {
    noteValidation(needs, noted, verdict);
    return { verdict, license, asOf: readAt };
  }

  // Another server may have started the term, with a clock that is ahead.
  const startsAt = started.facts.term.startsAt ?? readAt;
  const asOf = startsAt > readAt ? startsAt : readAt;
  const verdictNow = validate({ ...view, facts: started.facts }, scope, asOf);
  noteValidation(needs, noted, verdictNow);
  // The key may have been rotated since it was read.
  const known = verdictNow.code === 'KEY_ROTATED' ? null : started;
  return { verdict: verdictNow, license: known, asOf, position: started.position };
};

/** Notes a check-in of a license, unless a recent one is noted. Returns the view after it. */
const checkIn = async (pool: Pool, view: ValidationView, at: Instant): Promise<ValidationView> => {
  const { facts, lastCheckInAt } = view;
  if (!isCheckInNoted(facts, lastCheckInAt, at)) return view;
  const note = () => asTenant(pool, facts.issuerOrgId, (db) => noteCheckIn(db, facts, at), { readOnly: false });
  // The check-ins of one license lock its row.
  await oneAfterAnother(facts.licenseId, note);
  return { ...view, lastCheckInAt: at };
};

const oneAfterAnother = createKeyedQueue();

const nothingNamed: ValidationScope = { product: null, fingerprint: null };
