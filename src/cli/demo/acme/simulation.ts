import { licenseAggregate } from '../../../aggregates/aggregates.ts';
import type { Caller } from '../../../application/caller.ts';
import type { Attempt } from '../../../application/idempotent-attempt.ts';
import type { KeyNeeds } from '../../../application/licenses/rotate-key.ts';
import { organizationIdOf } from '../../../application/organizations/create-organization.ts';
import { encodeId } from '../../../domain/ids.ts';
import type { LicenseFacts } from '../../../domain/license/license.ts';
import { scopes } from '../../../domain/organization/events.ts';
import { type Instant, plusSeconds } from '../../../domain/time.ts';
import { aggregateId } from '../../../eventstore/uuids.ts';
import { generateLicenseKeyBody } from '../../../identity/license-key.ts';

/** The parts of the product that write the demo. Its clock is not the one of the server. */
export type SimulationNeeds = Omit<KeyNeeds, 'now'>;

/** Every event of the demo has this correlation id, which says that its instants are simulated. */
export const simulated = 'demo-simulated-clock';

/** The days that the demo covers. */
export const simulatedDays = 730;

/** The demo as its first start stored it. `seed` (a UUID) gives all ids, and `beginsAt` all instants. */
export type SimulationSeed = {
  readonly seed: string;
  readonly beginsAt: Instant;
};

/** Names the commands of the demo, so that a repeated start sends the same ones. */
export type Simulation = SimulationSeed & {
  readonly organizationId: string;
  readonly apiKeyId: string;
  /** Returns the instant of a day (0: the first one), at an hour that follows from `name`. */
  readonly instantOf: (day: number, name: string) => Instant;
  readonly commandId: (name: string) => string;
  /** Returns the organization of a customer. */
  readonly customerId: (customer: string) => string;
  readonly licenseId: (license: string) => string;
  readonly policyId: (policy: string) => string;
  /** Returns the request of the command with this name, by the API key of the demo. */
  readonly request: (name: string) => SimulatedRequest;
};

/** A request of the demo, as the operations of the product take it. */
export type SimulatedRequest = {
  readonly call: {
    readonly requestId: string;
    readonly correlationId: string;
    readonly expectedRevision: null;
    readonly onceReadable: () => void;
  };
  readonly attempt: Attempt;
  readonly caller: Caller;
};

/** Returns the names of all commands of a demo. */
export const simulationOf = (stored: SimulationSeed): Simulation => {
  const commandId = (name: string) => aggregateId(stored.seed, name);
  const organizationId = organizationIdOf(commandId('organization'));
  const apiKeyId = encodeId('key', aggregateId(commandId('api key'), 'api key'));
  const caller = { kind: 'apiKey', apiKeyId, organizationId, scopes, products: null } as const;
  return {
    ...stored,
    organizationId,
    apiKeyId,
    commandId,
    instantOf: (day, name) => plusSeconds(stored.beginsAt, day * daySeconds + secondOf(commandId(name))),
    customerId: (customer) => organizationIdOf(commandId(`customer ${customer}`)),
    licenseId: (license) => encodeId('lic', aggregateId(commandId(`${license}: issue`), 'license')),
    policyId: (policy) => encodeId('pol', aggregateId(commandId(`policy ${policy}`), 'policy')),
    request: (name) => ({
      call: {
        requestId: commandId(name),
        correlationId: simulated,
        expectedRevision: null,
        onceReadable: () => undefined,
      },
      attempt: {
        commandId: commandId(name),
        requestHash: name,
        earlierRequestHashes: [],
        secret: generateLicenseKeyBody(),
        whenOnly: async () => undefined,
      },
      caller,
    }),
  };
};

/** Returns a license of the demo as it is now. Returns null when it does not exist. */
export const readFacts = ({ executor }: SimulationNeeds, licenseId: string): Promise<LicenseFacts | null> =>
  executor.read(licenseAggregate, licenseId, (license) => (license.kind === 'unissued' ? null : license.facts));

const daySeconds = 86_400;
const firstHour = 7;
const workSeconds = 10 * 3_600;

/** Returns a second of the working day that follows from an id. */
const secondOf = (commandId: string): number =>
  firstHour * 3_600 + (Number.parseInt(commandId.slice(0, 8), 16) % workSeconds);
