import { expect, test } from 'vitest';
import { formatVerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { parseWitnesses } from '../../src/witnesses/witness-list.ts';
import { testKey } from '../proof/keys.ts';

const [one, two] = [testKey('one.example', 'WITNESS').verifier, testKey('two.example', 'WITNESS').verifier];
const [first, second] = [
  `${formatVerifierKey(one)} https://one.example/log`,
  `${formatVerifierKey(two)} http://127.0.0.1:80`,
];

test('Witnesses are pairs of a key and a URL', () => {
  expect(parseWitnesses(`${first}, ${second}`)).toEqual([
    { key: one, url: 'https://one.example/log' },
    { key: two, url: 'http://127.0.0.1:80' },
  ]);
});

test.each([
  ['', 'witness 1: write its key, a space and its http or https URL'],
  [`${first},`, 'witness 2: write its key, a space and its http or https URL'],
  [formatVerifierKey(one), 'witness 1: write its key, a space and its http or https URL'],
  [`${formatVerifierKey(one)} ftp://one.example`, 'witness 1: write its key, a space and its http or https URL'],
  [
    `${formatVerifierKey(one)} https://name:word@one.example`,
    'witness 1: write its key, a space and its http or https URL',
  ],
  [`one.example https://one.example`, 'witness 1: A key has the form name+id+base64.'],
  [
    `${formatVerifierKey(testKey('log').verifier)} https://log.example`,
    'witness 1: log is the key of a log (type 1), and a witness has one of type 4',
  ],
  [`${first},${first}`, 'witness 2: one.example is named twice'],
])('%j is refused', (text, fault) => {
  expect(parseWitnesses(text)).toEqual({ fault });
});
