import { expect, test } from 'vitest';
import { systemCommandName } from '../../src/aggregates/command-names.ts';
import { reservationId } from '../../src/aggregates/derived-ids.ts';
import { stamp } from '../../src/domain/decider.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import { dueCommands } from '../../src/domain/license/due.ts';
import type { Due } from '../../src/domain/license/due-command.ts';
import { uuidv5 } from '../../src/eventstore/uuid-v5.ts';
import {
  aggregateId,
  commandIdFor,
  eventId,
  ledgerNamespace,
  newCommandId,
  systemCommandId,
} from '../../src/eventstore/uuids.ts';
import { command } from '../domain/license/commands.ts';
import {
  activate,
  activatedEvent,
  expiredEvent,
  expiresAt,
  issued,
  licenseAfter,
  noon,
  on,
  renewedEvent,
  revoke,
  tomorrow,
} from '../domain/license/examples.ts';
import { decisionOn } from '../domain/license/many-devices.ts';

const dns = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

test('Name-based UUIDs are the same as in RFC 9562 and other implementations', () => {
  expect(uuidv5(dns, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  expect(uuidv5(dns, 'python.org')).toBe('886313e1-3b8a-5372-9b90-0c9aee199e5d');
  expect(uuidv5(dns.toUpperCase(), 'python.org')).toBe('886313e1-3b8a-5372-9b90-0c9aee199e5d');
});

test('A namespace that is not a UUID is refused', () => {
  expect(() => uuidv5('ledger', 'name')).toThrow('"ledger"');
});

// These ids are part of the stored format, so they must never change.
test('Ids that are derived from a request never change', () => {
  const commandId = commandIdFor('org_1', 'key_1', 'issueLicense', 'retry-1');
  expect(commandId).toBe(uuidv5(ledgerNamespace, 'org_1\0key_1\0issueLicense\0retry-1'));
  expect(commandId).toBe('06f667bd-3dbf-5968-b886-6151568627a5');
  expect(aggregateId(commandId, 'license')).toBe('6b54e078-b8b2-50af-b94c-722f7402c902');
  const nonce = '000102030405060708090a0b0c0d0e0f';
  expect([eventId(commandId, nonce, 0), eventId(commandId, nonce, 1)]).toEqual([
    '7e068517-b5e3-572a-bff1-090ac2fe2603',
    '361fcd1e-7dd7-5f23-8a2a-bd43a934930a',
  ]);
  expect(reservationId({ kind: 'trial_holder', fields: ['org_1', 'local_cli', 'org_2'] })).toBe(
    'trial_holder-60e0a7d0ad86ae85aa2462d895ea5b29f734d6b9d2148b3b822d7fddb9446df2',
  );
});

test('The names and command ids of due commands never change', () => {
  const { facts } = licenseAfter(issued());
  const named = (due: Due) => systemCommandName(facts, due);
  expect([
    named({ type: 'Expire', data: { termNumber: 2 } }),
    named({ type: 'EndGrace', data: { termNumber: 2 } }),
    named({ type: 'EndTrial', data: { termNumber: 2 } }),
    named({ type: 'Remind', data: { termNumber: 1, offset: 'P7D' } }),
    named({ type: 'CarryOutScheduled', data: { eventId: 'evt_1' } }),
    named({ type: 'RetireKey', data: { keyVersion: 1 } }),
  ]).toEqual([
    'expire:lic_1:2',
    'end-grace:lic_1:2',
    'end-trial:lic_1:2',
    'remind:lic_1:1:2027-01-01T00:00:00.000Z:P7D',
    'carry-out:lic_1:evt_1',
    'retire-key:lic_1:1',
  ]);
  expect(systemCommandId('expire:lic_1:2')).toBe('ef96d409-7fe7-516d-ab90-8362736df066');
});

test('When the end moves after the announcement, the name of the next expiry includes the new end', () => {
  const moved = '2027-02-01T00:00:00.000Z';
  const stream = [
    issued(),
    on(expiresAt, expiredEvent()),
    on(expiresAt, { type: 'LicenseExpiryChanged', data: { termNumber: 1, from: expiresAt, to: moved } }),
  ] as const;
  const { facts } = licenseAfter(...stream);
  expect(systemCommandName(facts, { type: 'Expire', data: { termNumber: 1 } })).toBe(`expire:lic_1:1:${moved}`);
  expect(systemCommandName(facts, { type: 'EndGrace', data: { termNumber: 1 } })).toBe(`end-grace:lic_1:1:${moved}`);
  const renewed = licenseAfter(...stream, on(expiresAt, renewedEvent({ previousExpiresAt: moved, startsAt: moved })));
  expect(systemCommandName(renewed.facts, { type: 'Expire', data: { termNumber: 2 } })).toBe('expire:lic_1:2');
});

test('Every batch of announcements has its own name, which is the same in all workers', () => {
  // The last product is removed twice in one instant, so only a number distinguishes the ends. Then the license is revoked.
  const drop = (product: string) => command('RemoveProduct', { product });
  const device = (name: string, count: number) => on(noon, activatedEvent(name, count, 900));
  const history = [
    issued({ limits: { activations: 900, seats: 0, users: 0, meters: {} } }),
    ...Array.from({ length: 250 }, (_, index) => device(`a${index}`, index + 1)),
  ];
  const more = Array.from({ length: 250 }, (_, index) => activate(`b${index}`, noon, null));
  const dropTwice = [drop('cloud_ide'), drop('local_cli'), command('AddProduct', { product: 'local_cli' }), ...more];
  const license = licenseAfter(...history);
  const names: string[] = [];
  const announceAll = () => {
    for (;;) {
      const [due] = dueCommands(license.facts, tomorrow);
      if (due?.type !== 'AnnounceEnded') return;
      names.push(systemCommandName(license.facts, due));
      take({ ...due, at: tomorrow });
    }
  };
  const take = (sent: LicenseCommand) => {
    for (const event of decisionOn(license, sent)) licenseDecider.evolve(license, event, stamp(event, sent.at).at);
  };
  for (const sent of [...dropTwice, drop('local_cli'), activate('c', noon, null), revoke()]) take(sent);
  announceAll();
  expect(names).toEqual([
    `announce-ended:lic_1:PRODUCT_REMOVED:${noon}:1:51`,
    `announce-ended:lic_1:PRODUCT_REMOVED:${noon}:1:1`,
    `announce-ended:lic_1:PRODUCT_REMOVED:${noon}:0:201`,
    `announce-ended:lic_1:PRODUCT_REMOVED:${noon}:0:151`,
    `announce-ended:lic_1:PRODUCT_REMOVED:${noon}:0:101`,
    `announce-ended:lic_1:PRODUCT_REMOVED:${noon}:0:51`,
    `announce-ended:lic_1:PRODUCT_REMOVED:${noon}:0:1`,
  ]);
  expect(license.facts).toMatchObject({ endings: [], usage: { activations: 0 } });
});

test('Different fields never give the same id', () => {
  expect(commandIdFor('a', 'b', 'c', 'd')).not.toBe(commandIdFor('a', 'bc', '', 'd'));
  expect(() => commandIdFor('a', 'b\0c', '', 'd')).toThrow('NUL');
  expect(() => reservationId({ kind: 'trial_device', fields: ['a\0b'] })).toThrow('NUL');
  expect(reservationId({ kind: 'trial_device', fields: ['ab', 'c'] })).not.toBe(
    reservationId({ kind: 'trial_device', fields: ['a', 'bc'] }),
  );
});

test('Command ids of requests without a key are unique and grow with time', () => {
  const ids = Array.from({ length: 100 }, newCommandId);
  expect(new Set(ids).size).toBe(100);
  expect(ids.toSorted()).toEqual(ids);
});
