import type { Config } from '../../config.ts';
import { type Finding, note, ok, todo } from './finding.ts';

/** What the configuration says, and what of it could be tried. */
export type SettingsFacts = {
  readonly config: Pick<
    Config,
    | 'host'
    | 'trustProxy'
    | 'signupMode'
    | 'mail'
    | 'redisUrl'
    | 'rateLimits'
    | 'clockOffsetSeconds'
    | 'clockCheck'
    | 'isProduction'
  > & { readonly servers: Pick<Config['servers'], 'mode'> };
  /** Whether demo.json is in the data directory. */
  readonly hasDemo: boolean;
  /** Why the mail server does not work. Null: it works, or there is none. */
  readonly mailFault: string | null;
};

/** Checks the configuration: what is for a demo or for tests, and mails. */
export const checkSettings = (facts: SettingsFacts): readonly Finding[] => [
  checkDemo(facts),
  checkSignup(facts),
  ...checkTestSettings(facts),
  checkMail(facts),
];

/** Whether only this machine reaches the API: it listens on loopback, and no proxy stands in front of it. */
const isPrivate = ({ config: { host, trustProxy } }: SettingsFacts): boolean => isLoopback(host) && trustProxy === 0;

const checkDemo = (facts: SettingsFacts): Finding => {
  const { host } = facts.config;
  if (!facts.hasDemo) return ok('demo', 'There is no demo organization.');
  if (isPrivate(facts)) return ok('demo', `The demo organization is there, and only this machine reaches ${host}.`);
  return todo(
    'demo',
    `The password and the API key of demo.json work for everybody who reaches ${host}, also through a proxy.`,
    'Set a new password with ledger user reset-password and revoke the API key, or set HOST=127.0.0.1 and TRUST_PROXY=0.',
  );
};

const checkSignup = (facts: SettingsFacts): Finding => {
  const { signupMode, servers } = facts.config;
  if (signupMode !== 'open') return ok('sign-up', `SIGNUP_MODE is ${signupMode}.`);
  if (servers.mode === 'embedded' && isPrivate(facts))
    return ok('sign-up', 'Everybody may sign up, and only this machine reaches the server.');
  return note(
    'sign-up',
    'Everybody who reaches the server may sign up.',
    'Set SIGNUP_MODE=closed or invited if you do not want that.',
  );
};

const checkTestSettings = ({ config }: SettingsFacts): readonly Finding[] => {
  const faults = [
    ...(config.clockOffsetSeconds === 0 ? [] : ['LEDGER_CLOCK_OFFSET_SECONDS']),
    ...(config.clockCheck ? [] : ['LEDGER_CLOCK_CHECK=off']),
    ...(config.rateLimits === null ? ['RATE_LIMITS=off'] : []),
  ];
  if (faults.length > 0) return [todo('test settings', `${faults.join(', ')}: for tests only.`, 'Remove them.')];
  if (config.servers.mode === 'servers' && !config.isProduction)
    return [note('test settings', 'NODE_ENV is not production.', 'Set it, so that test settings are refused.')];
  return [ok('test settings', 'None is set.')];
};

const checkMail = ({ config: { mail, servers }, mailFault }: SettingsFacts): Finding => {
  if (mail === null)
    return note(
      'mail',
      'No mails are sent.',
      'Set MAIL_URL, MAIL_FROM and PUBLIC_URL for invitations and password resets.',
    );
  if (mail.smtpUrl === null) return ok('mail', 'Mails are written into outbox in the data directory.');
  if (mailFault !== null) return todo('mail', mailFault, 'Check MAIL_URL.');
  if (servers.mode === 'servers' && isLoopback(new URL(mail.publicUrl).hostname))
    return todo('mail', `PUBLIC_URL is ${mail.publicUrl}, which readers of mails do not reach.`, 'Set PUBLIC_URL.');
  return ok('mail', 'The mail server of MAIL_URL answers.');
};

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || host.startsWith('127.');

/** What Redis says. Null values: it does not tell. */
export type RedisFacts = {
  readonly error: string | null;
  readonly policy: string | null;
  readonly isPersistent: boolean | null;
};

/** Checks Redis. `facts` is null when REDIS_URL is not set. */
export const checkRedis = (facts: RedisFacts | null): readonly Finding[] => {
  if (facts === null)
    return [ok('redis', 'Not used: Postgres stores the jobs, and each process counts its own limits.')];
  if (facts.error !== null) return [todo('redis', `Redis does not answer: ${facts.error}`, 'Check REDIS_URL.')];
  const evicts = facts.policy !== null && facts.policy !== 'noeviction';
  return [
    ...(evicts
      ? [todo('redis', `maxmemory-policy is ${facts.policy}, which can drop jobs.`, 'Set it to noeviction.')]
      : [
          ok(
            'redis',
            facts.policy === null ? 'Redis answers and does not tell its policy.' : 'maxmemory-policy is noeviction.',
          ),
        ]),
    ...(facts.isPersistent === false
      ? [
          note(
            'redis',
            'Redis stores nothing on disk.',
            'After a restart limits count anew, and the schedule is created again.',
          ),
        ]
      : []),
  ];
};
