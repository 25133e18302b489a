import type { CommandOf, LicenseCommand } from '../../src/domain/license/commands.ts';
import { builtInPolicy } from '../../src/domain/license/issue/built-in-policies.ts';
import type { Executor } from '../../src/eventstore/executor/execute.ts';
import type { CommandContext } from '../../src/eventstore/executor/waiting.ts';
import { type Aggregate, type DomainEvent, toDecide } from '../../src/eventstore/folding.ts';
import { uuidv5 } from '../../src/eventstore/uuid-v5.ts';
import { ledgerNamespace, newCommandId } from '../../src/eventstore/uuids.ts';
import { testHash, testId, testInstant, vendor } from './license-fixtures.ts';

/** A command id of its own, as a request with an Idempotency-Key has it, and the rest as an API key sends it. */
export const context = (changed: Partial<CommandContext> = {}): CommandContext => {
  const commandId = changed.commandId ?? uuidv5(ledgerNamespace, newCommandId());
  return {
    at: testInstant(0),
    commandId,
    requestHash: testHash('request'),
    actor: { type: 'API_KEY', id: testId('key', 'tests'), onBehalfOf: null },
    reason: null,
    correlationId: commandId,
    causationId: null,
    ...changed,
  };
};

/** Sends a command to its aggregate's stream, at the instant of the command. */
export const send = <
  Command extends { readonly at: string },
  Event extends DomainEvent,
  State,
  Code extends string,
  View,
>(
  executor: Executor,
  aggregate: Aggregate<Command, Event, State, Code>,
  id: string,
  command: Command,
  sent: CommandContext,
  view: (state: State) => View,
) => executor.execute(aggregate, id, toDecide(aggregate, command), { context: { ...sent, at: command.at }, view });

/** Issues a PRO license for one year with room for `activations` devices. */
export const issueLicense = (licenseId: string, activations = 5): CommandOf<'IssueLicense'> => ({
  type: 'IssueLicense',
  at: testInstant(0),
  data: {
    ...{ licenseId, issuerOrgId: vendor, holderOrgId: null },
    policy: builtInPolicy('PRO', testId('pol', vendor)),
    products: ['local_cli'],
    term: { kind: 'duration', duration: 'P1Y', startsAt: null },
    limits: { activations, seats: 0, users: 0, meters: {} },
    entitlements: [],
    externalRef: null,
    key: { keyHash: testHash(licenseId), secretId: 'secret-1', hint: 'ABCDE' },
  },
});

/** Activates a device, `seconds` after the license was issued. */
export const activateDevice = (device: string, seconds = 1): LicenseCommand => ({
  type: 'Activate',
  at: testInstant(seconds),
  data: {
    ...{ activationId: testId('act', device), fingerprintHash: testHash(device), product: null },
    ...{ nameRef: null, platform: null, appVersion: null },
  },
});
