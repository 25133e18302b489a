import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { expectWholeChain } from '../../support/expect-chain.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { randomFrom } from '../../support/license-fixtures.ts';
import { sized } from '../../support/size.ts';

// In each way.
const lostReplies = sized(1_000, 25);
const clients = 8;
const devicesAtOnce = 5;

/** Sends a request until it is carried out, each time with the same Idempotency-Key. */
const insist = async (
  ledger: Ledger,
  path: string,
  body: object,
  refused: () => void,
): Promise<Readonly<Record<string, unknown>>> => {
  const request = { key: ledger.a.apiKey, body, headers: { 'idempotency-key': randomUUID() } };
  for (;;) {
    const answer = await ledger.call('POST', path, request);
    if (answer.status === 200 || answer.status === 201) return answer.body;
    // On a busy machine, a new license may not be in the read models yet.
    const isForNow = answer.status === 503 || String(answer.body.code) === 'LICENSE_NOT_FOUND';
    if (!isForNow) throw new Error(`${path} was answered ${answer.status} ${answer.text}`);
    refused();
  }
};

test.each([
  { way: 'gathered with others', gathersAppends: true },
  { way: 'by a call of its own', gathersAppends: false },
])(
  `When the reply to ${lostReplies} appends is lost, each $way, every command is carried out once`,
  {
    timeout: 900_000,
  },
  async ({ gathersAppends }) => {
    const ledger = await startLedger({ gathersAppends });
    onTestFinished(() => ledger.stop());
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`Lost replies are drawn from seed ${seed}.`);
    const random = randomFrom(seed);
    let lost = 0;
    let refusals = 0;
    const refused = () => {
      refusals += 1;
    };
    ledger.faults.dropReply = () => {
      if (lost >= lostReplies || random() < 0.5) return false;
      lost += 1;
      // A reply that never comes costs the time of a whole try.
      ledger.faults.droppedReply = random() < 0.05 ? 'hang' : 'unavailable';
      return true;
    };

    const lives: { readonly licenseId: string; readonly expected: string[] }[] = [];
    const live = async () => {
      while (lost < lostReplies) {
        const issued = await insist(
          ledger,
          '/v1/licenses',
          { tier: 'PRO', products: ['local_cli'], limits: { activations: 100 } },
          refused,
        );
        const licenseKey = issued.licenseKey;
        const { id } = issued.license as { id: string };
        const expected = ['LicenseIssued', 'LicenseKeyIssued'];
        lives.push({ licenseId: id, expected });
        // Commands of one license that wait at the same time go into one append.
        const devices = Array.from({ length: devicesAtOnce }, () => randomUUID());
        await Promise.all(
          devices.map((fingerprint) => insist(ledger, '/v1/licenses/activate', { licenseKey, fingerprint }, refused)),
        );
        await insist(ledger, `/v1/licenses/${id}/renew`, { duration: 'P1M' }, refused);
        expected.push(...devices.map(() => 'ActivationRecorded'), 'LicenseRenewed');
      }
    };
    await Promise.all(Array.from({ length: clients }, live));
    ledger.faults.dropReply = undefined;

    expect(lost).toBe(lostReplies);
    const store = ledger.store.connect();
    for (const { licenseId, expected } of lives) {
      const { events } = await store.read(`license-${licenseId}`);
      expect(events.map(({ type }) => type)).toEqual(expected);
      expectWholeChain(events);
    }
    console.log(`${lost} replies were lost on ${lives.length} licenses; ${refusals} answers asked to come again.`);
  },
);
