import { setImmediate as nextTurn } from 'node:timers/promises';
import { licenseAggregate, organizationAggregate } from '../../../aggregates/aggregates.ts';
import { bootstrapApiKey } from '../../../application/bootstrap/bootstrap-api-key.ts';
import { bootstrapContext } from '../../../application/bootstrap/bootstrap-context.ts';
import { issueLicense } from '../../../application/licenses/issue/issue-license.ts';
import type { KeyNeeds } from '../../../application/licenses/rotate-key.ts';
import { appendOrganization } from '../../../application/organizations/create-organization.ts';
import { isRefusal, type Refusal } from '../../../application/refusal.ts';
import { nextDueAt } from '../../../domain/license/due.ts';
import type { LicenseFacts } from '../../../domain/license/license.ts';
import type { OrganizationCommand } from '../../../domain/organization/commands.ts';
import { scopes } from '../../../domain/organization/events.ts';
import { type Instant, plusSeconds } from '../../../domain/time.ts';
import type { CommandContext } from '../../../eventstore/executor/waiting.ts';
import { toDecide } from '../../../eventstore/folding.ts';
import { carryOutDue } from '../../../workers/carry-out-due.ts';
import { createPace } from '../../../workers/pace.ts';
import { acmeCatalog } from './acme-catalog.ts';
import { licenseStories } from './license-stories.ts';
import { customers, type LicenseStory } from './license-story.ts';
import { readFacts, type Simulation, type SimulationNeeds, simulated } from './simulation.ts';

type Writing = {
  readonly needs: SimulationNeeds;
  readonly simulation: Simulation;
  readonly signal: AbortSignal;
  readonly onRefused: (name: string, refusal: object) => void;
  /** The next command of each license that falls due. */
  readonly due: Map<string, Instant>;
};

/** One command of the demo. */
type Line = { readonly at: Instant; readonly name: string; readonly send: (writing: Writing) => Promise<void> };

/**
 * Writes the history of Acme Tools with real commands, in the order of a simulated clock. A repeated call sends the same
 * commands, so it continues where an earlier one stopped, and changes nothing when all were carried out. Sends one
 * command at a time, so that requests are not disturbed. Throws when `signal` aborts, and as `execute` does.
 */
export const writeAcme = async (
  needs: SimulationNeeds,
  simulation: Simulation,
  { signal, onRefused }: Pick<Writing, 'signal' | 'onRefused'>,
): Promise<void> => {
  const writing = { needs, simulation, signal, onRefused, due: new Map<string, Instant>() };
  for (const line of linesOf(simulation)) {
    await carryOutUntil(writing, line.at);
    await line.send(writing);
    await nextTurn();
  }
  await carryOutUntil(writing, simulation.instantOf(lastDay, 'last due command'));
};

const lastDay = 729;

/** Returns the commands of the demo, the earliest first. */
const linesOf = (simulation: Simulation): readonly Line[] =>
  [
    founding(simulation),
    ...Object.entries(customers).map(([name, day]) => customerLine(simulation, name, day)),
    ...acmeCatalog.map(({ day, name, send }) => ({
      // The products and policies of the first days come in their order.
      at: plusSeconds(simulation.beginsAt, day * 86_400 + 8 * 3_600),
      name,
      send: async (writing: Writing) =>
        report(
          writing,
          name,
          await send(needsAt(writing, timeOf(simulation, day)), simulation.request(name), simulation),
        ),
    })),
    ...licenseStories.flatMap((story) => licenseLines(simulation, story)),
  ].toSorted((one, other) => (one.at < other.at ? -1 : Number(one.at > other.at)));

const timeOf = ({ beginsAt }: Simulation, day: number): Instant => plusSeconds(beginsAt, day * 86_400 + 8 * 3_600);

const needsAt = ({ needs }: Writing, at: Instant): KeyNeeds => ({ ...needs, now: () => at });

const report = ({ onRefused }: Writing, name: string, result: object | Refusal): void => {
  if (isRefusal(result)) onRefused(name, result);
};

/** The organization, with the API key of all its commands. */
const founding = (simulation: Simulation): Line => {
  const { beginsAt: at, organizationId } = simulation;
  return {
    at,
    name: 'organization',
    send: async (writing) => {
      const commandId = simulation.commandId('organization');
      const organization = { name: 'Acme Tools', timeZone: 'Europe/Berlin', founderId: null };
      const context = simulatedContext(commandId, 'createOrganization', at);
      report(writing, 'organization', await appendOrganization(writing.needs.executor, organization, context));
      await bootstrapApiKey(needsAt(writing, plusSeconds(at, 60)), {
        commandId: simulation.commandId('api key'),
        organizationId,
        name: 'Demo (simulated clock)',
        scopes,
      });
    },
  };
};

/** A customer, who accepts licenses of Acme Tools. */
const customerLine = (simulation: Simulation, name: string, day: number): Line => {
  const at = simulation.instantOf(day - 1, `customer ${name}`);
  return {
    at,
    name: `customer ${name}`,
    send: async (writing) => {
      const { executor } = writing.needs;
      const commandId = simulation.commandId(`customer ${name}`);
      const created = await appendOrganization(
        executor,
        { name, founderId: null },
        simulatedContext(commandId, 'createOrganization', at),
      );
      report(writing, `customer ${name}`, created);
      const trust: OrganizationCommand = {
        type: 'TrustIssuer',
        at,
        by: { type: 'SYSTEM' },
        data: { issuerOrgId: simulation.organizationId },
      };
      const context = simulatedContext(simulation.commandId(`trust ${name}`), 'trustIssuer', at);
      const trusted = await executor.execute(
        organizationAggregate,
        simulation.customerId(name),
        toDecide(organizationAggregate, trust),
        { context, view: () => null },
      );
      report(writing, `trust ${name}`, trusted);
    },
  };
};

const simulatedContext = (commandId: string, operation: string, at: Instant): CommandContext => ({
  ...bootstrapContext(commandId, operation, at),
  correlationId: simulated,
});

const licenseLines = (simulation: Simulation, story: LicenseStory): readonly Line[] => {
  const { license, day, steps } = story;
  const licenseId = simulation.licenseId(license);
  const issuedAt = simulation.instantOf(day, `${license}: issue`);
  const lines = steps.map((step) => {
    const name = `${license}: ${step.name}`;
    const planned = simulation.instantOf(step.day, name);
    // A device of the first day comes after the license.
    const at = planned > issuedAt ? planned : plusSeconds(issuedAt, 600);
    return {
      at,
      name,
      send: async (writing: Writing) => {
        const { organizationId: issuerOrgId, request, policyId } = simulation;
        const facts = { issuerOrgId, holderOrgId: holderOf(simulation, story) };
        const sending = { needs: needsAt(writing, at), request: { ...request(name), licenseId }, facts, at, policyId };
        noteLicense(writing, name, await step.send(sending));
      },
    };
  });
  return [{ at: issuedAt, name: `${license}: issue`, send: (writing) => issue(writing, story, issuedAt) }, ...lines];
};

const holderOf = (simulation: Simulation, { customer }: LicenseStory): string | null =>
  customer === null ? null : simulation.customerId(customer);

const issue = async (writing: Writing, story: LicenseStory, at: Instant): Promise<void> => {
  const { simulation, needs } = writing;
  const { license, policy, reference, metadata, replaces } = story;
  const name = `${license}: issue`;
  // The key of an earlier attempt is unknown, and nobody needs it.
  const issuedBefore = await readFacts(needs, simulation.licenseId(license));
  if (issuedBefore !== null) {
    noteLicense(writing, name, issuedBefore);
    return;
  }
  const issued = await issueLicense(needsAt(writing, at), simulation.request(name), {
    policyId: simulation.policyId(policy),
    holderOrganizationId: holderOf(simulation, story),
    externalRef: reference,
    ...(metadata === undefined ? {} : { metadata }),
    ...(replaces === undefined ? {} : { replaces: simulation.licenseId(replaces) }),
    reason: { code: replaces === undefined ? 'ORDER' : 'REPLACEMENT' },
  });
  noteLicense(writing, name, isRefusal(issued) ? issued : issued.facts);
};

/** Notes when a command of a license falls due after this one. */
const noteLicense = (writing: Writing, name: string, result: LicenseFacts | Refusal): void => {
  if (isRefusal(result)) {
    writing.onRefused(name, result);
    return;
  }
  const dueAt = nextDueAt(result);
  if (dueAt === null) writing.due.delete(result.licenseId);
  else writing.due.set(result.licenseId, dueAt);
};

/** Carries out what falls due before an instant, as the worker does within a minute. Throws when `signal` aborts. */
const carryOutUntil = async ({ needs, signal, onRefused, due }: Writing, until: Instant): Promise<void> => {
  for (;;) {
    signal.throwIfAborted();
    const [next] = [...due].toSorted(([, one], [, other]) => (one < other ? -1 : Number(one > other)));
    if (next === undefined || next[1] >= until) return;
    const [licenseId, dueAt] = next;
    const at = plusSeconds(dueAt, sweepSeconds);
    await carryOutDue(
      {
        executor: needs.executor,
        onRefused: ({ command, rejection }) => onRefused(`${licenseId}: ${command}`, rejection),
        pace: createPace(1),
        signal,
      },
      licenseId,
      at,
    );
    const after = await needs.executor.read(licenseAggregate, licenseId, (license) =>
      license.kind === 'unissued' ? null : nextDueAt(license.facts, at),
    );
    if (after === null) due.delete(licenseId);
    else due.set(licenseId, after);
  }
};

const sweepSeconds = 30;
