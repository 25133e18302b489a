// A process of another tenant. It issues a license, activates many devices on it, and ends them all on request. It is a
// process of its own, so that it shares no thread with the measured product.
import { createHash } from 'node:crypto';
import { licenseAggregate } from '../src/aggregates/aggregates.ts';
import { builtInPolicyId } from '../src/aggregates/built-in-policy-ids.ts';
import { encodeId } from '../src/domain/ids.ts';
import type { LicenseCommand } from '../src/domain/license/commands.ts';
import { builtInPolicy } from '../src/domain/license/issue/built-in-policies.ts';
import { genesisHash } from '../src/eventstore/chain/chain.ts';
import { connectEventStore } from '../src/eventstore/eventstoredb.ts';
import { createExecutor, type Executor } from '../src/eventstore/executor/execute.ts';
import { commandContext } from '../src/eventstore/executor/waiting.ts';
import { toDecide } from '../src/eventstore/folding.ts';
import { newCommandId } from '../src/eventstore/uuids.ts';
import { carryOutDue, type OnRefused } from '../src/workers/carry-out-due.ts';
import { announcingShare, createPace } from '../src/workers/pace.ts';
import { rateOf } from './rounds.ts';

/**
 * The first message: how many devices to activate. Any further message ends them. The process answers both when done.
 */
export type EndingOptions = { readonly eventStoreUrl: string; readonly devices: number };

/** Sends a command to a license. Throws when it is refused. */
const send = async (executor: Executor, licenseId: string, command: LicenseCommand): Promise<void> => {
  const actor = { type: 'SYSTEM', id: 'bench', onBehalfOf: null } as const;
  const context = commandContext({ at: command.at, commandId: newCommandId(), requestHash: 'bench', actor });
  const decide = toDecide(licenseAggregate, command);
  const executed = await executor.execute(licenseAggregate, licenseId, decide, { context, view: () => null });
  if ('rejected' in executed) throw new Error(executed.detail);
};

const now = () => new Date().toISOString();

/** Issues a license of another tenant and activates `devices` devices on it. Returns its id. */
const issueWithDevices = async (executor: Executor, devices: number): Promise<string> => {
  const licenseId = encodeId('lic', newCommandId());
  const issuerOrgId = encodeId('org', newCommandId());
  await send(executor, licenseId, {
    type: 'IssueLicense',
    at: now(),
    data: {
      licenseId,
      issuerOrgId,
      holderOrgId: null,
      externalRef: null,
      entitlements: [],
      policy: builtInPolicy('PRO', builtInPolicyId(issuerOrgId, 'PRO')),
      products: ['local_cli'],
      term: { kind: 'duration', duration: 'P1Y', startsAt: null },
      limits: { activations: devices, seats: 0, users: 0, meters: {} },
      key: { keyHash: genesisHash, secretId: 'bench', hint: 'BENCH' },
    },
  });
  await rateOf(devices, 1_000, (index) =>
    send(executor, licenseId, {
      type: 'Activate',
      at: now(),
      data: {
        activationId: encodeId('act', newCommandId()),
        fingerprintHash: createHash('sha256').update(`device ${index}`).digest('hex'),
        product: 'local_cli',
        nameRef: null,
        platform: 'linux',
        appVersion: '2.1.0',
      },
    }),
  );
  return licenseId;
};

/** Revokes the license like the API, and announces the ended devices like a worker. Returns the seconds it takes. */
const end = async (executor: Executor, licenseId: string): Promise<number> => {
  const startedMs = performance.now();
  await send(executor, licenseId, { type: 'Revoke', at: now(), data: { reasonCode: 'BENCH' } });
  const pace = createPace(announcingShare);
  const onRefused: OnRefused = ({ rejection }) => {
    throw new Error(rejection.detail);
  };
  while ((await carryOutDue({ executor, onRefused, pace }, licenseId, now())).isUnfinished);
  const remaining = await executor.read(licenseAggregate, licenseId, (license) =>
    license.kind === 'issued' ? license.facts.endings.length : -1,
  );
  if (remaining !== 0) throw new Error(`${remaining} endings were not announced completely.`);
  return (performance.now() - startedMs) / 1_000;
};

process.once('message', async ({ eventStoreUrl, devices }: EndingOptions) => {
  const executor = createExecutor({ store: connectEventStore({ url: eventStoreUrl }), giveUpMs: 60_000 });
  const licenseId = await issueWithDevices(executor, devices);
  process.once('message', async () => process.send?.({ seconds: await end(executor, licenseId) }));
  process.send?.({ licenseId });
});
process.on('disconnect', () => process.exit());
