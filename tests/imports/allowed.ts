/**
 * The purpose of a folder of src, of a file directly in it, or of the sources of another package, and its allowed imports. Its own files are always
 * allowed.
 */
export type Allowed = {
  readonly holds: string;
  /** Folders and files of src. A path such as `domain/time.ts` allows only that file. */
  readonly ours: readonly string[] | 'everything';
  /** Packages and modules of Node, as imports name them. A final `*` allows any ending. */
  readonly packages: readonly string[] | 'everything';
};

/** The table of imports. `npm run check` refuses every import that is not listed here, also of a type alone. */
export const allowed: Readonly<Record<string, Allowed>> = {
  domain: { holds: 'what a license is: commands, events, rules; pure', ours: [], packages: ['semver'] },
  async: {
    holds: 'how to retry, wait and take turns, and which work must not wait',
    ours: [],
    packages: ['node:async_hooks', 'node:timers/promises'],
  },
  eventstore: {
    holds: 'the port, the client’s adapter, the hash chain, the write path, snapshots; knows no license',
    ours: ['async', 'domain/decider.ts', 'domain/forkable-map.ts', 'domain/ids.ts', 'domain/time.ts'],
    packages: [
      '@eventstore/db-client',
      '@eventstore/db-client/generated/*',
      'google-protobuf/*',
      'lru-cache',
      'uuid',
      'uuidv7',
      'zod',
      'node:*',
    ],
  },
  aggregates: {
    holds:
      'licenses, organizations, catalogs, reservations and logs as streams: stored shapes, versions, names, derived ids',
    ours: ['async', 'domain', 'eventstore', 'proof', 'signing'],
    packages: ['zod', 'node:crypto'],
  },
  postgres: {
    holds: 'pool, transaction, tenant, migrations, the check of row-level security; knows no table of ours',
    ours: ['async', 'own-files.ts'],
    packages: ['pg', 'node:*'],
  },
  records: {
    holds: 'one file per table that the API and the workers write: personal values, idempotency, heartbeats, snapshots',
    ours: ['aggregates', 'domain', 'eventstore', 'postgres', 'proof'],
    packages: ['pg'],
  },
  projections: {
    holds:
      'what the projector writes: `tables`, `fold`, `issuer-logs`, `rebuild`, `verify`; and the `queries` that read it',
    ours: ['aggregates', 'async', 'domain', 'eventstore', 'postgres', 'proof', 'records', 'version.ts'],
    packages: ['p-limit', 'pg', 'node:*'],
  },
  identity: {
    holds: 'secrets, license keys, API keys, fingerprints, passwords, access tokens, users and sessions',
    ours: ['async', 'domain', 'postgres'],
    packages: ['@zxcvbn-ts/language-common', 'argon2', 'jsonwebtoken', 'lru-cache', 'p-limit', 'pg', 'zod', 'node:*'],
  },
  application: {
    holds: 'one file per operation; knows no HTTP',
    ours: [
      'aggregates',
      'async',
      'domain',
      'eventstore',
      'identity',
      'mail',
      'packs',
      'postgres',
      'projections',
      'proof',
      'records',
      'signing',
    ],
    packages: ['lru-cache', 'pg', 'zod', 'node:timers/promises'],
  },
  mail: {
    holds: 'the port of mails, their texts, SMTP and the outbox of files',
    ours: [],
    packages: ['nodemailer', 'node:*'],
  },
  workers: {
    holds: 'scheduled jobs',
    ours: ['aggregates', 'application', 'domain', 'eventstore', 'mail', 'postgres', 'projections', 'proof', 'records'],
    packages: ['bullmq', 'ioredis', 'p-limit', 'pg', 'zod', 'node:crypto', 'node:timers/promises'],
  },
  api: {
    holds:
      'routes by subject; `http` for requests and answers, `openapi`, `problems`, `rate-limit`, `admission`, `idempotency`, `monitoring`',
    ours: [
      'aggregates',
      'application',
      'async',
      'domain',
      'eventstore',
      'identity',
      'postgres',
      'projections',
      'proof',
      'packs/pack-files.ts',
      'records/audit-packs.ts',
      'own-files.ts',
      'rate-limits.ts',
    ],
    packages: [
      'cors',
      'express',
      'helmet',
      'ipaddr.js',
      'lru-cache',
      'pg',
      'pino',
      'prom-client',
      'rate-limiter-flexible',
      'uuidv7',
      'zod',
      'zod-openapi',
      'node:*',
    ],
  },
  embedded: {
    holds: 'Postgres and the event store as child processes',
    ours: ['async', 'own-files.ts'],
    packages: [
      '@eventstore/db-client/generated/*',
      '@grpc/grpc-js',
      '@peculiar/x509',
      'google-protobuf/*',
      'lru-cache',
      'pg',
      're2js',
      'reflect-metadata',
      'node:*',
    ],
  },
  proof: {
    holds: 'the formats, tiles and proofs of a transparency log, and their verification, also in browsers; pure',
    ours: ['domain/ids.ts', 'domain/time.ts', 'eventstore/chain/canonical.ts'],
    packages: [],
  },
  packs: {
    holds: 'evidence packs: their form, and their check, which folds licenses again, also in browsers; pure',
    ours: [
      'aggregates/codec-license.ts',
      'aggregates/fold-versions.ts',
      'domain',
      'eventstore/chain/canonical.ts',
      'eventstore/chain/repair-event.ts',
      'eventstore/envelope.ts',
      'eventstore/event-store.ts',
      'proof',
    ],
    packages: [],
  },
  signing: {
    holds: 'signatures of logs and witnesses, and the files of private keys',
    ours: ['embedded/files.ts', 'proof'],
    packages: ['node:*'],
  },
  notary: {
    holds: 'the role `notary`: trees and checkpoints of the issuers’ logs, and the copies of checkpoints',
    ours: ['aggregates', 'domain', 'embedded/files.ts', 'eventstore', 'postgres', 'proof', 'records', 'signing'],
    packages: ['pg', 'node:*'],
  },
  verifier: {
    holds: '`ledger-verify.mjs`, which checks proofs without the product',
    ours: ['packs', 'proof'],
    packages: ['node:fs', 'node:url'],
  },
  'rate-limits.ts': { holds: 'the limits by name, their standard quotas', ours: ['domain'], packages: [] },
  'row-security.ts': {
    holds: 'the tables that row-level security treats differently',
    ours: ['postgres'],
    packages: [],
  },
  'reachable-url.ts': { holds: 'the URL at which this machine reaches a server', ours: [], packages: [] },
  'own-files.ts': { holds: 'where this package has its files', ours: [], packages: [] },
  'version.ts': { holds: 'the version of the package', ours: ['own-files.ts'], packages: ['node:fs'] },
  'config-values.ts': {
    holds: 'kinds of values of the environment',
    ours: ['domain', 'rate-limits.ts'],
    packages: ['zod'],
  },
  'config-event-store.ts': {
    holds: 'the variables of `ledger eventstore`',
    ours: [],
    packages: ['zod'],
  },
  'config-variables.ts': {
    holds: 'the variables of the environment, with default and meaning',
    ours: ['config-event-store.ts', 'config-values.ts', 'domain'],
    packages: ['zod'],
  },
  'config-names.ts': {
    holds: 'which names of variables may be mistakes',
    ours: ['config-variables.ts'],
    packages: [],
  },
  'config-files.ts': {
    holds: 'variables that are read from files',
    ours: [],
    packages: ['node:fs'],
  },
  'config-passwords.ts': {
    holds: 'passwords and secrets that production refuses',
    ours: ['config-variables.ts'],
    packages: [],
  },
  'config-sources.ts': {
    holds: 'the environment over `.env`',
    ours: ['config-names.ts'],
    packages: ['node:fs', 'node:path', 'node:util'],
  },
  'config-checks.ts': {
    holds: 'invalid values and forbidden combinations of variables',
    ours: ['config-variables.ts'],
    packages: [],
  },
  'config.ts': {
    holds: 'the environment, read once',
    ours: [
      'config-checks.ts',
      'config-event-store.ts',
      'config-files.ts',
      'config-passwords.ts',
      'config-sources.ts',
      'config-variables.ts',
      'identity/secrets.ts',
      'rate-limits.ts',
      'reachable-url.ts',
    ],
    packages: ['node:fs', 'node:path'],
  },
  console: {
    holds: 'the pages for people at `/console`; `npm start` builds them for browsers',
    ours: ['domain', 'packs', 'proof'],
    packages: [
      '@license-ledger/client',
      '@tanstack/react-query',
      '@tanstack/react-router',
      '@tanstack/react-virtual',
      'react',
      'react-dom',
      'react-dom/client',
      'zod/v4/core',
    ],
  },
  cli: {
    holds: 'commands; `server` puts a server process together, `demo` walks a license',
    ours: 'everything',
    packages: 'everything',
  },
  'main.ts': { holds: 'picks the command', ours: 'everything', packages: 'everything' },
  '../packages/client/src': { holds: 'the TypeScript client; runs in Node and browsers', ours: [], packages: [] },
};
