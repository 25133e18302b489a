import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { encodeId } from '../../src/domain/ids.ts';
import type { CommandOf, LicenseCommand } from '../../src/domain/license/commands.ts';
import { builtInPolicy } from '../../src/domain/license/issue/built-in-policies.ts';
import type { PinnedPolicy, Tier } from '../../src/domain/license/policy.ts';
import type { Limits } from '../../src/domain/license/usage/usage-limits.ts';
import type { Executor } from '../../src/eventstore/executor/execute.ts';
import { aggregateId, newCommandId } from '../../src/eventstore/uuids.ts';
import {
  formatLicenseKey,
  generateLicenseKeyBody,
  hashLicenseKey,
  licenseKeyHint,
} from '../../src/identity/license-key.ts';
import type { Secrets } from '../../src/identity/secrets.ts';
import type { ProjectedWaiter } from '../../src/projections/projected.ts';
import { context, send as sendCommand } from './commands.ts';
import { testId } from './license-fixtures.ts';

type Wanted = Partial<Omit<CommandOf<'IssueLicense'>['data'], 'policy' | 'limits' | 'key'>> & {
  readonly tier?: Tier;
  /** Undefined leaves a rule out, as in policies from before the rule. */
  readonly policy?: { readonly [Rule in keyof PinnedPolicy]?: PinnedPolicy[Rule] | undefined };
  readonly limits?: Partial<Limits>;
};

/** What a license is issued with, of a product that runs. */
export type Issuing = {
  readonly executor: Executor;
  readonly secrets: Secrets;
  readonly needs: { readonly now: () => string };
  readonly projected: Pick<ProjectedWaiter, 'waitFor'>;
  readonly a: { readonly organizationId: string };
};

/** A command to a license's stream at the API's clock, projected when it returns. Throws when it is refused. */
export const sendTo = async (
  ledger: Issuing,
  licenseId: string,
  command: LicenseCommand extends infer Each ? (Each extends { at: string } ? Omit<Each, 'at'> : never) : never,
) => {
  const stamped = { ...command, at: ledger.needs.now() } as LicenseCommand;
  const executed = await sendCommand(ledger.executor, licenseAggregate, licenseId, stamped, context(), () => null);
  if ('rejected' in executed) throw new Error(executed.detail);
  await ledger.projected.waitFor(executed.position.commit, 10_000);
  return executed;
};

/**
 * Issues a license of organization A straight to its stream, so with any policy and term, and says its key: for one year, 5
 * activations, 5 seats and 5 users unless said otherwise.
 */
export const issueDirectly = async (ledger: Issuing, { tier = 'PRO', policy, limits, ...data }: Wanted = {}) => {
  const licenseId = encodeId('lic', aggregateId(newCommandId(), 'license'));
  const body = generateLicenseKeyBody();
  const { hash, secretId } = hashLicenseKey(ledger.secrets, body);
  await sendTo(ledger, licenseId, {
    type: 'IssueLicense',
    data: {
      ...{ licenseId, issuerOrgId: ledger.a.organizationId, holderOrgId: null },
      policy: Object.fromEntries(
        Object.entries({ ...builtInPolicy(tier, testId('pol', tier)), ...policy }).filter(
          ([, rule]) => rule !== undefined,
        ),
      ) as PinnedPolicy,
      products: ['local_cli', 'cloud_ide'],
      term: { kind: 'duration', duration: 'P1Y', startsAt: null },
      ...{ entitlements: [], externalRef: null },
      ...data,
      limits: { activations: 5, seats: 5, users: 5, meters: {}, ...limits },
      key: { keyHash: hash.toString('hex'), secretId, hint: licenseKeyHint(body) },
    },
  });
  return { licenseId, licenseKey: formatLicenseKey('LL', body) };
};
