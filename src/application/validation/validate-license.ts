import type { LicenseFacts } from '../../domain/license/license.ts';
import { checksIn, startsTerm } from '../../domain/license/validation/validation-effects.ts';
import type { ValidationScope } from '../../domain/license/validation/validation-view.ts';
import { type Validation, validate } from '../../domain/license/validation/validity.ts';
import type { Instant } from '../../domain/time.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import { fingerprintHashes } from '../../identity/fingerprint.ts';
import type { ValidationFacts } from '../../projections/queries/validation.ts';
import type { ClientNeeds } from '../client-license.ts';
import type { Traced } from '../command-context.ts';
import type { CommandNeeds } from '../licenses/send-license-command.ts';
import { beginTerm } from './begin-term.ts';
import { checkIn } from './check-in.ts';
import { judgeableOf, type NamedScope } from './judge-by.ts';

/** A client's request to validate the license that it has named; null: there is none, or nobody who acts. */
export type ValidationRequest = {
  readonly call: Pick<Traced, 'requestId' | 'correlationId'>;
  readonly license: ValidationFacts | null;
  readonly actor: Actor | null;
};

/** The verdict on a license as it is at `asOf`. `position`: where a term has begun that waited for this validation. */
export type Validated = {
  readonly verdict: Validation;
  readonly license: { readonly facts: LicenseFacts; readonly revision: bigint } | null;
  readonly asOf: Instant;
  readonly position?: bigint;
};

/**
 * Says whether a license is good, here and now, for what the request names. The first validation begins a term that
 * waits for it, and a valid license is checked in; nothing else changes.
 */
export const validateLicense = async (
  needs: ClientNeeds & CommandNeeds,
  { call, license, actor }: ValidationRequest,
  named: NamedScope,
): Promise<Validated> => {
  const readAt = needs.now();
  if (license === null || actor === null) {
    // The same work as for a license that exists.
    if (named.fingerprint !== undefined) fingerprintHashes(needs.secrets, '', named.fingerprint);
    return { verdict: validate(null, nothingNamed, readAt), license: null, asOf: readAt };
  }
  const { view, scope } = await judgeableOf(needs, license, named);
  const verdict = validate(view, scope, readAt);
  if (checksIn(view.facts, verdict)) await checkIn(needs.pool, view.facts, view.lastCheckInAt, readAt);
  const begun = startsTerm(view.facts, verdict)
    ? await beginTerm(needs.executor, { call, actor }, view.facts, readAt)
    : null;
  if (begun === null) return { verdict, license, asOf: readAt };

  // Another server that was faster may have a clock that is ahead.
  const startsAt = begun.facts.term.startsAt ?? readAt;
  const asOf = startsAt > readAt ? startsAt : readAt;
  const verdictNow = validate({ ...view, facts: begun.facts }, scope, asOf);
  return { verdict: verdictNow, license: begun, asOf, position: begun.position };
};

const nothingNamed: ValidationScope = { product: null, fingerprint: null };
