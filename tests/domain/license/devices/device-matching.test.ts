import { describe, expect, test } from 'vitest';
import { command, device, event, followedBy, policyWith } from '../commands.ts';
import { activate, activated, activatedEvent, given, issued, licenseAfter } from '../examples.ts';

describe('a changed device is recognized by its components', () => {
  const parts = (disk: string, board: string, network: string) => ({ disk, board, network });
  const known = device('a', { components: parts('d1', 'b1', 'n1') });
  const asks = (components?: Readonly<Record<string, string>>) =>
    command('Activate', device('z', components === undefined ? {} : { components }));
  const given1 = (fingerprintMatching: 'EXACT' | 'ANY' | 'MOST' | 'ALL') =>
    given(...followedBy([issued({ policy: policyWith({ fingerprintMatching }) })], command('Activate', known)));

  test('ANY: when one component is the same', () => {
    given1('ANY')
      .when(asks(parts('d1', 'x', 'y')))
      .thenNothing();
    given1('ANY')
      .when(asks(parts('x', 'y', 'z')))
      .thenEvents(event('ActivationRecorded', { ...activatedEvent('z', 2).data, components: parts('x', 'y', 'z') }));
  });
  test('MOST: when more than half are the same', () => {
    given1('MOST')
      .when(asks(parts('d1', 'b1', 'y')))
      .thenNothing();
    expect(
      licenseAfter(
        ...followedBy(
          [issued({ policy: policyWith({ fingerprintMatching: 'MOST' }) })],
          command('Activate', known),
          asks(parts('d1', 'x', 'y')),
        ),
      ).activations.size,
    ).toBe(2);
    const even = device('b', { components: { disk: 'd', board: 'b' } });
    const history = followedBy(
      [issued({ policy: policyWith({ fingerprintMatching: 'MOST' }) })],
      command('Activate', even),
    );
    given(...history)
      .when(asks({ disk: 'd', board: 'other' }))
      .thenEvents(
        event('ActivationRecorded', { ...activatedEvent('z', 2).data, components: { disk: 'd', board: 'other' } }),
      );
  });
  test('ALL: when every recorded component is the same', () => {
    given1('ALL')
      .when(asks({ ...parts('d1', 'b1', 'n1'), more: 'm' }))
      .thenNothing();
    expect(
      licenseAfter(
        ...followedBy(
          [issued({ policy: policyWith({ fingerprintMatching: 'ALL' }) })],
          command('Activate', known),
          asks(parts('d1', 'b1', 'y')),
        ),
      ).activations.size,
    ).toBe(2);
  });
  test('EXACT: never, only by its fingerprint', () => {
    given1('EXACT')
      .when(asks(parts('d1', 'b1', 'n1')))
      .thenEvents(event('ActivationRecorded', { ...activatedEvent('z', 2).data, components: parts('d1', 'b1', 'n1') }));
  });
  test('never without components; the same fingerprint always matches', () => {
    given1('ALL')
      .when(command('Activate', device('a', { components: parts('x', 'y', 'z') })))
      .thenEvents(event('ActivationUpdated', { activationId: 'act_a', components: parts('x', 'y', 'z') }));
    given1('ANY').when(asks()).thenEvents(activatedEvent('z', 2));
    given(issued({ policy: policyWith({ fingerprintMatching: 'ALL' }) }), activated('a', 1))
      .when(asks({}))
      .thenEvents(event('ActivationRecorded', { ...activatedEvent('z', 2).data, components: {} }));
  });
});

describe('what a device sends', () => {
  test('is recorded; missing fields are left out', () => {
    const told = { components: { disk: 'd' }, environment: 'live' };
    given(issued())
      .when(command('Activate', device('a', told)))
      .thenEvents(event('ActivationRecorded', { ...activatedEvent('a', 1).data, ...told }));
    expect(
      licenseAfter(...followedBy([issued()], command('Activate', device('a', told)))).activations.get('act_a'),
    ).toMatchObject(told);
    expect(followedBy([issued()], activate('a')).at(-1)?.event).toStrictEqual(activatedEvent('a', 1));
  });
});
