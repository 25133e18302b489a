import type { StoreAccessFacts } from '../status/status-facts.ts';
import { accessText } from '../status/store-access-facts.ts';
import { type Finding, note, ok, todo, unknown } from './finding.ts';

/**
 * What a check of the event store's access reads. `withoutLogin`: what a read without a login got. Null: no answer that
 * says it.
 */
export type AccessFacts = StoreAccessFacts & {
  readonly withoutLogin: 'REFUSED' | 'LET_IN' | null;
  readonly isProduction: boolean;
};

/** Checks that the event store lets in nobody else: TLS, logins, and the end of its certificate. */
export const checkStoreAccess = (facts: AccessFacts, now: Date): readonly Finding[] => [
  checkLogins(facts),
  ...checkCertificate(facts, now),
];

const check = 'store access';

const checkLogins = (facts: AccessFacts): Finding => {
  const { tls, withoutLogin, isProduction } = facts;
  if (!tls)
    return (isProduction ? todo : note)(
      check,
      'EVENTSTORE_URL has tls=false: every program that reaches the event store reads and appends.',
      'Use an event store with TLS and a login, such as ledger eventstore.',
    );
  if (withoutLogin === null)
    return unknown(check, `${sentence(accessText(facts))} A read without a login got no answer.`);
  if (withoutLogin === 'REFUSED') return ok(check, `${sentence(accessText(facts))} Without a login nobody is.`);
  return todo(
    check,
    'The event store has TLS, and lets everybody read without a login.',
    'Forbid anonymous access in its configuration.',
  );
};

const sentence = (text: string): string => `${text}.`;

const checkCertificate = ({ certificateEndsAt }: AccessFacts, now: Date): readonly Finding[] => {
  if (certificateEndsAt === null) return [];
  const detail = `The certificate of the event store ends at ${certificateEndsAt}.`;
  return Date.parse(certificateEndsAt) - now.getTime() > renewalMs
    ? [ok('certificate', detail)]
    : [todo('certificate', detail, 'Restart the server: a start renews it.')];
};

// A start renews it five years before its end. A server that never restarts is told one year before.
const renewalMs = 365 * 24 * 3_600_000;
