import { afterAll, beforeAll, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { createCurrentValidations } from '../../src/application/reading/current-validations.ts';
import { currentLicense } from '../../src/application/reading/parked-license.ts';
import { readValidationInput } from '../../src/application/validation/validation-input.ts';
import { fold } from '../../src/domain/decider.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import type { LicenseFacts } from '../../src/domain/license/license.ts';
import { settledAt } from '../../src/domain/license/settle.ts';
import { effectiveStatus, suspensionAt } from '../../src/domain/license/status.ts';
import { resetsAt, usageAt } from '../../src/domain/license/usage/term-counters.ts';
import { validationView } from '../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../src/domain/license/validation/validity.ts';
import { fromMs, toMs } from '../../src/domain/time.ts';
import { fingerprintHashes } from '../../src/identity/fingerprint.ts';
import { createValidationReader } from '../../src/projections/queries/validation.ts';
import { chanceOf, runSeed } from '../support/chance.ts';
import { context, send as sendCommand } from '../support/commands.ts';
import type { Fields, Ledger } from '../support/ledger.ts';
import { testHash, testId } from '../support/license-fixtures.ts';
import { drawLife, instantsAround, type Life, live, nextDue, type Worker, workers } from '../support/random-lives.ts';
import { shareLedger } from '../support/shared-ledger.ts';
import { sized } from '../support/size.ts';

// The random lives of due-at-the-instant.test.ts in a real log and real rows. The lives are in the past. So `asOf` comes
// over HTTP. GET and validation need the clock of the life: others share the API, so the operations behind it run here.

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

const seed = runSeed();
console.log(`due in rows: LEDGER_SEED=${seed}`);
const devices = ['a', 'b', 'c'] as const;
const hashOf = (device: string) => fingerprintHashes(ledger.secrets, ledger.a.organizationId, device)[0] ?? '';

/** Returns the commands of a life with the ids and hashes of this server. */
const asStored = (commands: readonly LicenseCommand[], licenseId: string): readonly LicenseCommand[] =>
  commands.map((command, index) =>
    JSON.parse(
      JSON.stringify(command)
        .replaceAll('"lic_1"', `"${licenseId}"`)
        .replaceAll('"org_1"', `"${ledger.a.organizationId}"`)
        .replaceAll('"ab12"', `"${testHash(licenseId)}"`)
        .replaceAll(/"hash-([abc])"/g, (_, device) => `"${hashOf(device)}"`)
        .replaceAll(/"act_([abc])"/g, (_, device) => `"${testId('act', `${licenseId}${index}${device}`)}"`)
        .replaceAll(/"pol_(\w{1,12})"/g, (_, name) => `"${testId('pol', name)}"`),
    ),
  );

/** What GET shows of a license at `at`. */
const shownOf = (facts: LicenseFacts, at: string) => ({
  effectiveStatus: effectiveStatus(facts, at),
  tier: facts.policy.tier,
  policy: facts.policy.policyId,
  products: facts.products,
  term: [facts.term.number, facts.term.startsAt, facts.term.expiresAt],
  suspension: suspensionAt(facts, at),
  scheduled: facts.scheduled.filter(({ effectiveAt }) => effectiveAt > at).map(({ change }) => change.kind),
  limits: facts.limits,
  usage: { ...usageAt(facts, at), resetsAt: resetsAt(facts, at) },
});
const shownIn = ({ effectiveStatus, tier, policy, products, term, suspension, scheduled, limits, usage }: Fields) => ({
  ...{ effectiveStatus, tier, policy: policy?.id, products, suspension, limits, usage },
  term: [term?.number, term?.startsAt, term?.expiresAt],
  scheduled: Object.values(scheduled ?? {}).map(({ kind }) => kind),
});

/** The brute-force fold of what was recorded by then, with a worker that was on time. */
const expectedAt = ({ history }: Life, at: string) => {
  const recorded = history.filter(({ at: { recordedAt } }) => recordedAt <= at);
  const license = settledAt(fold(licenseDecider, recorded), at);
  if (license.kind === 'unissued') return null;
  const verdicts = devices.map((device) => {
    const scope = { product: 'local_cli', fingerprint: hashOf(device) };
    return validate(validationView(license, scope), scope, at);
  });
  return { shown: shownOf(license.facts, at), verdicts };
};

/** Lives in the log. Calls `look` at each instant, after everything that was sent until then is in the rows. */
const liveInLog = async (
  commands: readonly LicenseCommand[],
  { licenseId, worker, instants }: { licenseId: string; worker: Worker; instants: readonly number[] },
  look: (at: string) => Promise<void>,
) => {
  let position = 0n;
  const send = async (command: LicenseCommand) => {
    const executed = await sendCommand(ledger.executor, licenseAggregate, licenseId, command, context(), () => null);
    if (!('rejected' in executed)) position = executed.position.commit;
  };
  let worked = 0;
  const work = async (until: number) => {
    for (let count = 0; count < 100; count++) {
      const due = await ledger.executor.read(licenseAggregate, licenseId, (license) =>
        license.kind === 'unissued' ? null : nextDue(license.facts, worker, until),
      );
      if (due === null) return;
      await send({ ...due, at: fromMs(Math.max(toMs(due.at), worked)) });
    }
  };
  const looks = instants.map((at) => ({ at, act: () => look(fromMs(at)) }));
  const sent = commands.map((command) => ({ at: toMs(command.at), act: () => send(command) }));
  // At one instant the commands come first.
  for (const { at, act } of [...sent, ...looks].toSorted((a, b) => a.at - b.at)) {
    await work(at);
    await ledger.projected.waitFor(position, 10_000);
    await act();
    await ledger.projected.waitFor(position, 10_000);
    worked = at;
  }
};

/** Reads GET and a validation of each device from rows, with this clock. */
const readerOf = (licenseId: string) => {
  const { executor, secrets, a, database } = ledger;
  const clock = { at: '' };
  const rows = createValidationReader(database.api);
  const validations = createCurrentValidations(rows, { executor, pool: database.api, now: () => clock.at });
  return async (at: string) => {
    clock.at = at;
    const current = await currentLicense({ pool: database.api, executor }, a.organizationId, { licenseId, at });
    const license = await validations.byId(a.organizationId, licenseId);
    if (current === null || license === null) return null;
    const verdicts = [];
    for (const fingerprint of devices) {
      const named = { product: 'local_cli', fingerprint };
      const { view, scope } = await readValidationInput({ validations, secrets, pool: database.api }, license, named);
      verdicts.push(validate(view, scope, at));
    }
    return { shown: shownOf(current.facts, at), verdicts };
  };
};

/** Draws a life in which a tier change or the end of a trial falls due. */
const drawChanging = (from: number): { readonly seed: number } & ReturnType<typeof drawLife> => {
  for (let tried = from; ; tried++) {
    const drawn = drawLife(tried);
    if (live(drawn.commands, 'on time', drawn.end).history.some(({ event: { type } }) => type === 'LicenseTierChanged'))
      return { ...drawn, seed: tried };
  }
};

test('GET, asOf and validation from rows equal the fold, whenever the worker comes', {
  timeout: 1_800_000,
}, async () => {
  for (let index = 0; index < sized(60, 2); index++) {
    const drawn = drawChanging(seed + index * 1_000);
    const chance = chanceOf(drawn.seed);
    const around = instantsAround(
      drawn.commands,
      workers.map((worker) => live(drawn.commands, worker, drawn.end)),
      drawn.end,
    );
    const share = sized(100, Math.ceil(1_000 / around.length));
    const instants = around.filter(() => chance.percent(share));
    await Promise.all(
      workers.map(async (worker) => {
        const licenseId = testId('lic', `${ledger.a.organizationId}${drawn.seed}${worker}`);
        const commands = asStored(drawn.commands, licenseId);
        const onTime = live(commands, 'on time', drawn.end);
        const what = (at: string) => `LEDGER_SEED=${seed}, life ${drawn.seed}, worker ${worker}, at ${at}`;
        const read = readerOf(licenseId);
        await liveInLog(commands, { licenseId, worker, instants }, async (at) =>
          expect(await read(at), what(at)).toEqual(expectedAt(onTime, at)),
        );
        for (const instant of instants) {
          const at = fromMs(instant);
          const { body } = await ledger.call('GET', `/v1/licenses/${licenseId}?asOf=${at}`, { key: ledger.a.apiKey });
          expect(shownIn(body), `as of, ${what(at)}`).toEqual(expectedAt(onTime, at)?.shown);
        }
      }),
    );
  }
});
