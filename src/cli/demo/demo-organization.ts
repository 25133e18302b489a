import { randomUUID } from 'node:crypto';
import { organizationIdOf } from '../../application/organizations/create-organization.ts';
import { ensureSecret } from '../../embedded/stored-secrets.ts';
import { aggregateId } from '../../eventstore/uuids.ts';
import { simulationOf } from './acme/simulation.ts';

/** Returns the stored id of the command that creates the demo organization. The first call creates it. */
export const demoCommandId = (dataDir: string): Promise<string> => ensureSecret(dataDir, 'demo-command-id', randomUUID);

/** Returns the id of the demo organization of a data directory, also before the first start creates it. */
export const demoOrganizationIdOf = async (dataDir: string): Promise<string> =>
  organizationIdOf(await demoCommandId(dataDir));

/** Returns the UUID that gives all ids of Acme Tools. */
export const acmeSeed = async (dataDir: string): Promise<string> =>
  aggregateId(await demoCommandId(dataDir), 'acme tools');

/** Returns the id of the organization Acme Tools of a data directory, also before it exists. */
export const acmeOrganizationIdOf = async (dataDir: string): Promise<string> =>
  simulationOf({ seed: await acmeSeed(dataDir), beginsAt: '' }).organizationId;
