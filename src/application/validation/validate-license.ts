import type { Pool } from 'pg';
import { createKeyedQueue } from '../../async/keyed-queue.ts';
import { isKeyRotated } from '../../domain/license/keys/key-rotation.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { isApplication, type LicenseActing } from '../../domain/license/license-authority.ts';
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
import { startTerm } from './start-term.ts';
import { type NamedScope, readValidationInput } from './validation-input.ts';

/** A request to validate a license. `license` is null for an unknown license, and `acting` is null then. */
export type ValidationRequest = {
  readonly call: Pick<Traced, 'requestId' | 'correlationId'>;
  readonly license: ValidationFacts | null;
  readonly acting: { readonly actor: Actor; readonly by: LicenseActing } | null;
};

/**
 * The verdict on a license as of `asOf`. `license` is null when it is unknown, or the key no longer works. `position` is
 * that of the start of a term that waited for this validation.
 */
export type Validated = {
  readonly verdict: Validation;
  readonly license: { readonly facts: LicenseFacts; readonly revision: bigint } | null;
  readonly asOf: Instant;
  readonly position?: bigint;
};

/**
 * Says whether a license is valid now for what the request names. The first validation by the application starts a term
 * that waits for it, and checks a valid license in. Nothing else changes, and nothing when a member of an organization
 * looks.
 */
export const validateLicense = async (
  needs: ClientNeeds & CommandNeeds,
  { call, license, acting }: ValidationRequest,
  named: NamedScope,
): Promise<Validated> => {
  const readAt = needs.now();
  if (license === null || acting === null || isKeyRotated(license.facts, license.keyVersion, readAt)) {
    // An unknown license takes the same work as an existing one, and a key that no longer works takes no more.
    if (named.fingerprint !== undefined) fingerprintHashes(needs.secrets, '', named.fingerprint);
    const view = license === null ? null : viewOfFacts(license.facts);
    const scope = { ...nothingNamed, keyVersion: license?.keyVersion ?? null };
    return { verdict: validate(view, scope, readAt), license: null, asOf: readAt };
  }
  const { view, scope } = await readValidationInput(needs, license, named);
  const verdict = validate(view, scope, readAt);
  if (!isApplication(acting.by)) return { verdict, license, asOf: readAt };
  if (checksIn(view.facts, verdict)) await checkIn(needs.pool, view, readAt);
  const started = startsTerm(view.facts, verdict)
    ? await startTerm(needs.executor, { call, actor: acting.actor }, view.facts, readAt)
    : null;
  if (started === null) return { verdict, license, asOf: readAt };

  // Another server may have started the term, with a clock that is ahead.
  const startsAt = started.facts.term.startsAt ?? readAt;
  const asOf = startsAt > readAt ? startsAt : readAt;
  const verdictNow = validate({ ...view, facts: started.facts }, scope, asOf);
  // The key may have been rotated since it was read.
  const known = verdictNow.code === 'KEY_ROTATED' ? null : started;
  return { verdict: verdictNow, license: known, asOf, position: started.position };
};

/** Notes a check-in of a license, unless a recent one is noted. */
const checkIn = async (pool: Pool, { facts, lastCheckInAt }: ValidationView, at: Instant): Promise<void> => {
  if (!isCheckInNoted(facts, lastCheckInAt, at)) return;
  const note = () => asTenant(pool, facts.issuerOrgId, (db) => noteCheckIn(db, facts, at), { readOnly: false });
  // The check-ins of one license lock its row.
  await oneAfterAnother(facts.licenseId, note);
};

const oneAfterAnother = createKeyedQueue();

const nothingNamed: ValidationScope = { product: null, fingerprint: null };
