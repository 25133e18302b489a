import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Route } from '../../../src/api/route.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { sized } from '../../support/size.ts';
import { type Credential, createCredentials } from './credentials.ts';
import { expected } from './expected.ts';
import { requests } from './requests.ts';
import { type Case, createTrial, type Trial } from './trial.ts';
import { sidesOf } from './verdict.ts';

let ledger: Ledger;
let credentials: readonly Credential[];
let trial: Trial;
beforeAll(async () => {
  ledger = await startLedger();
  credentials = await createCredentials(ledger, ledger.a);
  trial = await createTrial(ledger, { organization: ledger.a, issuer: ledger.b, credentials, isTried });
});
afterAll(async () => {
  await trial.end();
  await ledger.stop();
});

/** The short run tries what is refused with a quarter of the callers by turns, and all else with a sixth. */
const isTried = ({ is }: Credential, verdict: string, turn: number): boolean =>
  turn % (is.kind === 'nobody' || verdict === 'ALLOWED' ? sized(1, 6) : sized(1, 4)) === 0;

const operationOf = (name: string): string => name.split(':')[0] ?? '';

const casesOf = (route: Route): readonly Case[] =>
  Object.entries(expected).flatMap(([name, expectation]) => {
    const make = requests[name];
    if (operationOf(name) !== route.operationId || make === undefined) return [];
    return [{ name, route, expected: expectation, make }];
  });

test('Every operation has a written rule for its callers and a request that tests it', () => {
  const operations = ledger.routes.map(({ operationId }) => operationId).toSorted();
  const written = [...new Set(Object.keys(expected).map(operationOf))].toSorted();
  expect(written).toEqual(operations);
  expect(Object.keys(requests).toSorted()).toEqual(Object.keys(expected).toSorted());
});

test('Every caller may do what the rules allow, and gets the right code for the rest', async () => {
  const wrong: string[] = [];
  let asserted = 0;
  for (const route of ledger.routes) {
    for (const each of casesOf(route)) {
      for (const side of sidesOf(each.expected)) {
        const { cells, left } = await trial.answersTo(each, side);
        if (left > 0) wrong.push(`${each.name} (${side}): those who are to be refused left ${left} events`);
        for (const { credential, verdict, answer } of cells) {
          asserted += 1;
          if (answer !== verdict) wrong.push(`${each.name} (${side}), ${credential.name}: ${verdict}, not ${answer}`);
        }
      }
    }
  }
  const sides = Object.values(expected).flatMap(sidesOf).length;
  expect(wrong).toEqual([]);
  expect(asserted).toBeGreaterThanOrEqual((sides * credentials.length) / sized(1, 8));
  console.log(`${asserted} cells: ${ledger.routes.length} operations, ${credentials.length} credentials.`);
}, 600_000);
