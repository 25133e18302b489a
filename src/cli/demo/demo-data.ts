import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { validateCommand } from '../../api/pages/landing-page.ts';
import { bootstrapApiKey } from '../../application/bootstrap/bootstrap-api-key.ts';
import { bootstrapCatalog } from '../../application/bootstrap/bootstrap-catalog.ts';
import { bootstrapOrganization } from '../../application/bootstrap/bootstrap-organization.ts';
import { bootstrapOwner, ownerIdOf } from '../../application/bootstrap/bootstrap-owner.ts';
import type { Config } from '../../config.ts';
import { scopes } from '../../domain/organization/events.ts';
import { type Instant, plusSeconds } from '../../domain/time.ts';
import { readIfThere, writePrivate } from '../../embedded/files.ts';
import { ensureSecret, readSecrets } from '../../embedded/stored-secrets.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { createPasswords } from '../../identity/passwords.ts';
import type { Ledger } from '../server/assemble.ts';
import { type AcmeWriting, ensureAcme } from './acme/ensure-acme.ts';
import { simulatedDays } from './acme/simulation.ts';
import { acmeOrganizationIdOf, acmeSeed, demoCommandId } from './demo-organization.ts';

/** The content of demo.json: how to use the demo organization. */
export type Demo = {
  readonly baseUrl: string;
  readonly organizationId: string;
  readonly apiKey: string;
  readonly licenseId: string;
  readonly licenseKey: string;
  /** The login of its OWNER. Absent when the address is in use or the organization is closed. */
  readonly email?: string;
  readonly password?: string;
  /** The organization with two simulated years. Absent: this data directory does not get one. */
  readonly acme?: Acme;
};

/** The organization Acme Tools. The next start writes what is missing until it is complete. */
export type Acme = { readonly organizationId: string; readonly beginsAt: Instant; readonly isComplete: boolean };

type DemoKind = Config['demo'];

/**
 * Creates the demo organization with its catalog, API key, license and OWNER at the first start, and writes demo.json.
 * Later starts add the OWNER when an older release did not, and update the address. Every id follows from a stored one,
 * so the next start continues a start that was killed. The first start decides for `configured`, and later ones follow.
 * Returns null when the directory has no demo.
 */
export const ensureDemo = async (
  dataDir: string,
  ledger: Ledger,
  { baseUrl, configured }: { readonly baseUrl: string; readonly configured: DemoKind },
): Promise<Demo | null> => {
  const file = fileOf(dataDir);
  const known = await readIfThere(file);
  // A directory of an earlier release does not get Acme Tools.
  const kind = known === undefined ? await decidedKind(dataDir, ledger, configured) : 'license';
  if (kind === 'none') return null;
  const before = known === undefined ? await createDemo(dataDir, ledger, baseUrl) : (JSON.parse(known) as Demo);
  const owner = before.email === undefined ? await createDemoOwner(dataDir, ledger, before) : {};
  // Without its OWNER nobody could see it.
  const hasAcme = kind === 'full' && owner.email !== undefined;
  const acme = hasAcme ? { acme: await newAcme(dataDir, ledger.now()) } : {};
  const demo = { ...before, ...owner, ...acme, baseUrl };
  const text = `${JSON.stringify(demo, null, 2)}\n`;
  if (text !== known) await writePrivate(file, text);
  return demo;
};

/** Returns false when the start of this data directory certainly does not write Acme Tools, or the rest of it. */
export const isAcmePending = async (dataDir: string, configured: DemoKind): Promise<boolean> => {
  const known = await readIfThere(fileOf(dataDir));
  if (known !== undefined) return (JSON.parse(known) as Demo).acme?.isComplete === false;
  return ((await readSecrets(dataDir))[kindName] ?? configured) === 'full';
};

/** Returns which demo a directory without demo.json gets. Its first start decides that. With data it is not new. */
const decidedKind = async (dataDir: string, { store }: Ledger, configured: DemoKind): Promise<DemoKind> => {
  const decided = (await readSecrets(dataDir))[kindName];
  if (decided !== undefined) return decided as DemoKind;
  const isNew = (await store.head({ timeoutMs: headMs })) === null;
  return (await ensureSecret(dataDir, kindName, () => (isNew ? configured : 'none'))) as DemoKind;
};

// In secrets.json like the ids of the demo, because all of them are stored before anything is written.
const kindName = 'demo-kind';
const headMs = 10_000;

/** Writes Acme Tools, or the rest of it, and notes in demo.json that it is complete. */
export const completeAcme = async (
  { dataDir, licenseKeyPrefix }: Pick<Config, 'dataDir' | 'licenseKeyPrefix'>,
  ledger: Ledger,
  { demo, ...writing }: Pick<AcmeWriting, 'signal' | 'onRefused'> & { readonly demo: Demo },
): Promise<void> => {
  const { acme, email } = demo;
  if (acme === undefined || acme.isComplete || email === undefined) return;
  const { executor, secrets, apiPool: pool, waiter, now } = ledger;
  const owner = { userId: ownerIdOf(await ownerCommandId(dataDir)), email };
  const seed = { seed: await acmeSeed(dataDir), beginsAt: acme.beginsAt };
  await ensureAcme({ executor, pool, secrets, licenseKeyPrefix }, seed, { owner, now, waiter, ...writing });
  const complete = { ...demo, acme: { ...acme, isComplete: true } };
  await writePrivate(fileOf(dataDir), `${JSON.stringify(complete, null, 2)}\n`);
};

const fileOf = (dataDir: string): string => join(dataDir, 'demo.json');

// Its history begins with a day, so that all its days are whole. The instant is stored like the ids, which go with it.
const newAcme = async (dataDir: string, now: Date): Promise<Acme> => {
  const today = `${now.toISOString().slice(0, 'YYYY-MM-DD'.length)}T00:00:00.000Z`;
  const beginsAt = await ensureSecret(dataDir, 'demo-acme-begins-at', () =>
    plusSeconds(today, -simulatedDays * 86_400),
  );
  return { organizationId: await acmeOrganizationIdOf(dataDir), beginsAt, isComplete: false };
};

const ownerCommandId = (dataDir: string): Promise<string> => ensureSecret(dataDir, 'demo-owner-command-id', randomUUID);

/** Returns a shell command that validates the demo license. */
export const readyCurl = ({ baseUrl, licenseKey }: Demo): string => validateCommand(baseUrl, licenseKey);

const products = [
  { code: 'local_cli', name: 'Local CLI', description: null },
  { code: 'cloud_ide', name: 'Cloud IDE', description: null },
  { code: 'workflow_app', name: 'Workflow App', description: null },
];

const projectedWithinMs = 10_000;

const createDemo = async (dataDir: string, ledger: Ledger, baseUrl: string): Promise<Demo> => {
  const { executor, secrets, apiPool: pool, waiter } = ledger;
  const needs = { executor, secrets, pool, now: () => ledger.now().toISOString() };
  const commandId = await demoCommandId(dataDir);
  const { organizationId } = await bootstrapOrganization(needs, { commandId, name: 'Demo Vendor' });
  await bootstrapCatalog(needs, { commandId: aggregateId(commandId, 'catalog'), organizationId, products });
  const { apiKey, position } = await bootstrapApiKey(needs, {
    commandId: await ensureSecret(dataDir, 'demo-api-key-command-id', randomUUID),
    organizationId,
    name: 'demo',
    scopes,
  });
  await waitFor(waiter, position);
  return { baseUrl, organizationId, apiKey, ...(await issueDemoLicense(baseUrl, apiKey, commandId)) };
};

const waitFor = async (waiter: Ledger['waiter'], position: bigint): Promise<void> => {
  if (!(await waiter.waitFor(position, projectedWithinMs)))
    throw new Error('The demo was not projected in time. See the log.');
};

const ownerEmail = 'owner@demo.example';

const createDemoOwner = async (
  dataDir: string,
  { executor, apiPool: pool, waiter, now }: Ledger,
  { organizationId }: Demo,
): Promise<Pick<Demo, 'email' | 'password'>> => {
  const password = await ensureSecret(dataDir, 'demo-password', () => randomBytes(18).toString('base64url'));
  const position = await bootstrapOwner(
    { executor, pool, now: () => now().toISOString() },
    {
      commandId: await ownerCommandId(dataDir),
      organizationId,
      email: ownerEmail,
      passwordHash: await createPasswords().hash(password),
    },
  );
  if (position === null) return {};
  await waitFor(waiter, position);
  return { email: ownerEmail, password };
};

/** Issues the license through the API, like a vendor, with an Idempotency-Key that a second attempt repeats. */
const issueDemoLicense = async (baseUrl: string, apiKey: string, idempotencyKey: string) => {
  for (;;) {
    const response = await fetch(new URL('/v1/licenses', baseUrl), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
      body: JSON.stringify({
        tier: 'PRO',
        products: products.map(({ code }) => code),
        term: { duration: 'P1Y' },
        limits: { activations: 5, seats: 5, users: 5, meters: { api_calls: 1_000 } },
        reason: { code: 'DEMO' },
      }),
    });
    const answer = (await response.json()) as { license?: { id: string }; licenseKey?: string; code?: string };
    if (answer.license && answer.licenseKey) return { licenseId: answer.license.id, licenseKey: answer.licenseKey };
    // A start that was killed between request and answer blocks the key for some seconds.
    if (answer.code !== 'IDEMPOTENCY_IN_FLIGHT')
      throw new Error(`The demo license was not issued: ${JSON.stringify(answer)}`);
    await delay(500);
  }
};
