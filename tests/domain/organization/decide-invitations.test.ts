import { describe, expect, test } from 'vitest';
import { invitationEnd } from '../../../src/domain/organization/decide-invitations.ts';
import { noLimits } from '../../../src/domain/organization/organization-limits.ts';
import {
  accept,
  emailRef,
  given,
  invite,
  invitedEvent,
  joinedEvent,
  key,
  nextWeek,
  noon,
  on,
  organization,
  removedEvent,
  system,
  user,
  withdraw,
  withdrawnEvent,
} from './examples.ts';

const justBefore = '2026-01-08T11:59:59.999Z';
const membersMax = (members: number) => ({ ...noLimits, members });
const invited = [...organization(), on(invitedEvent('inv_1'))];

describe('inviting a person', () => {
  test('records role, end and a reference to the e-mail, not the e-mail', () =>
    given(...organization())
      .when(invite({ role: 'AUDITOR' }))
      .thenEvents({
        type: 'MemberInvited',
        data: { invitationId: 'inv_1', emailRef, role: 'AUDITOR', expiresAt: nextWeek, invitedBy: 'ada' },
      }));
  test('changes nothing when it is repeated, whatever happened to the invitation', () => {
    given(...invited)
      .when(invite())
      .thenNothing();
    given(...invited, on(withdrawnEvent('inv_1')))
      .when(invite())
      .thenNothing();
    given(...invited, on(joinedEvent('grace', 'MEMBER', 'inv_1')))
      .when(invite())
      .thenNothing();
  });
  test.each(['grace@example.com', 'usr_01h455vb4pex5vsknk084sn02q', ''])(
    'is refused with the e-mail %j itself',
    (text) =>
      given(...organization())
        .when(invite({ emailRef: text }))
        .thenRejected('INVALID_REQUEST'),
  );
  test.each([noon, '2025-12-31T00:00:00.000Z', 'tomorrow'])('is refused until %s', (expiresAt) =>
    given(...organization())
      .when(invite({ expiresAt }))
      .thenRejected('TERM_INVALID'),
  );
  test('who is a member already is refused', () => {
    const two = organization({ grace: 'GUEST' });
    given(...two)
      .when(invite({ userId: 'grace' }))
      .thenRejected('ALREADY_MEMBER');
    given(...two)
      .when(invite({ userId: 'bob' }))
      .thenEvents(invitedEvent('inv_1'));
    given(...two, on(removedEvent('grace', 'GUEST')))
      .when(invite({ userId: 'grace' }))
      .thenEvents(invitedEvent('inv_1'));
  });
});

describe('withdrawing an invitation', () => {
  test('is recorded', () =>
    given(...invited)
      .when(withdraw())
      .thenEvents(withdrawnEvent('inv_1')));
  test('changes nothing when it is repeated', () =>
    given(...invited, on(withdrawnEvent('inv_1')))
      .when(withdraw())
      .thenNothing());
  test('that is unknown or accepted is refused', () => {
    given(...organization())
      .when(withdraw())
      .thenRejected('NOT_FOUND');
    given(...invited, on(joinedEvent('grace', 'MEMBER', 'inv_1')))
      .when(withdraw())
      .thenRejected('NOT_FOUND');
  });
  test('to become an OWNER is refused to an ADMIN', () =>
    given(...organization({ grace: 'ADMIN' }), on(invitedEvent('inv_1', 'OWNER')))
      .when(withdraw('inv_1', { by: user('grace') }))
      .thenRejected('FORBIDDEN'));
});

describe('accepting an invitation', () => {
  test('makes a member in the role of the invitation', () =>
    given(...organization(), on(invitedEvent('inv_1', 'BILLING')))
      .when(accept('grace'))
      .thenEvents(joinedEvent('grace', 'BILLING', 'inv_1')));
  test('changes nothing when it is repeated', () =>
    given(...invited, on(joinedEvent('grace', 'MEMBER', 'inv_1')))
      .when(accept('grace'))
      .thenNothing());
  test('is refused when another person has accepted', () =>
    given(...invited, on(joinedEvent('grace', 'MEMBER', 'inv_1')))
      .when(accept('eve'))
      .thenRejected('NOT_FOUND'));
  test('that is unknown or withdrawn is refused', () => {
    given(...organization())
      .when(accept('grace'))
      .thenRejected('NOT_FOUND');
    given(...invited, on(withdrawnEvent('inv_1')))
      .when(accept('grace'))
      .thenRejected('NOT_FOUND');
  });
  test('works until its end, which is exclusive', () => {
    given(...invited)
      .when(accept('grace', 'inv_1', { at: justBefore }))
      .thenEvents(joinedEvent('grace', 'MEMBER', 'inv_1'));
    given(...invited)
      .when(accept('grace', 'inv_1', { at: nextWeek }))
      .thenRejected('NOT_FOUND');
  });
  test('when a member already is refused', () =>
    given(...invited)
      .when(accept('ada'))
      .thenRejected('ALREADY_MEMBER'));
  test('for somebody else is refused, to an API key too', () => {
    given(...invited)
      .when(accept('grace', 'inv_1', { by: user('ada') }))
      .thenRejected('FORBIDDEN');
    given(...invited)
      .when(accept('grace', 'inv_1', { by: key('key_1') }))
      .thenRejected('FORBIDDEN');
  });
  test('is what the system may do for somebody', () =>
    given(...invited)
      .when(accept('grace', 'inv_1', { by: system }))
      .thenEvents(joinedEvent('grace', 'MEMBER', 'inv_1')));
});

describe('the limit of members', () => {
  test('allows as many members as it says', () => {
    given(...organization())
      .when(invite({ limits: membersMax(2) }))
      .thenEvents(invitedEvent('inv_1'));
    given(...organization())
      .when(invite({ limits: membersMax(1) }))
      .thenRejected('USER_LIMIT_EXCEEDED');
  });
  test('counts open invitations, but not withdrawn, accepted or expired ones', () => {
    const another = (at = noon) =>
      invite({ invitationId: 'inv_2', limits: membersMax(2), expiresAt: '2027-01-01T00:00:00.000Z' }, { at });
    const event = invitedEvent('inv_2', 'MEMBER', '2027-01-01T00:00:00.000Z');
    given(...invited)
      .when(another())
      .thenRejected('USER_LIMIT_EXCEEDED');
    given(...invited)
      .when(another(justBefore))
      .thenRejected('USER_LIMIT_EXCEEDED');
    given(...invited)
      .when(another(nextWeek))
      .thenEvents(event);
    given(...invited, on(withdrawnEvent('inv_1')))
      .when(another())
      .thenEvents(event);
    given(...invited, on(joinedEvent('grace', 'MEMBER', 'inv_1')), on(removedEvent('grace', 'MEMBER')))
      .when(another())
      .thenEvents(event);
  });
  test('is checked again when an invitation is accepted, because it may be lower by then', () => {
    given(...invited)
      .when(accept('grace', 'inv_1', { limits: membersMax(1) }))
      .thenRejected('USER_LIMIT_EXCEEDED');
    given(...invited)
      .when(accept('grace', 'inv_1', { limits: membersMax(2) }))
      .thenEvents(joinedEvent('grace', 'MEMBER', 'inv_1'));
  });
});

test('an invitation without an explicit end is open for seven days', () => {
  expect(invitationEnd('2026-01-01T12:00:00.000Z')).toBe('2026-01-08T12:00:00.000Z');
});
