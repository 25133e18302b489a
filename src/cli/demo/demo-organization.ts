import { randomUUID } from 'node:crypto';
import { organizationIdOf } from '../../application/organizations/create-organization.ts';
import { ensureSecret } from '../../embedded/stored-secrets.ts';

/** Returns the stored id of the command that creates the demo organization. The first call creates it. */
export const demoCommandId = (dataDir: string): Promise<string> => ensureSecret(dataDir, 'demo-command-id', randomUUID);

/** Returns the id of the demo organization of a data directory, also before the first start creates it. */
export const demoOrganizationIdOf = async (dataDir: string): Promise<string> =>
  organizationIdOf(await demoCommandId(dataDir));
