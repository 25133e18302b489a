import { describe, test } from 'vitest';
import {
  accept,
  changeRole,
  given,
  invitedEvent,
  joinedEvent,
  on,
  organization,
  remove,
  removedEvent,
  roleChangedEvent,
  system,
  user,
} from './examples.ts';

describe('changing the role of a member', () => {
  test('records the old and the new one', () =>
    given(...organization({ grace: 'GUEST' }))
      .when(changeRole('grace', 'BILLING'))
      .thenEvents(roleChangedEvent('grace', 'GUEST', 'BILLING')));
  test('to the role that the member has changes nothing', () => {
    given(...organization({ grace: 'GUEST' }))
      .when(changeRole('grace', 'GUEST'))
      .thenNothing();
    given(...organization({ grace: 'GUEST' }), on(roleChangedEvent('grace', 'GUEST', 'ADMIN')))
      .when(changeRole('grace', 'ADMIN'))
      .thenNothing();
  });
  test('is refused for a person who is not, or no longer, a member', () => {
    given(...organization())
      .when(changeRole('grace', 'GUEST'))
      .thenRejected('NOT_FOUND');
    given(...organization({ grace: 'GUEST' }), on(removedEvent('grace', 'GUEST')))
      .when(changeRole('grace', 'MEMBER'))
      .thenRejected('NOT_FOUND');
  });
  test('takes effect on what the member may do', () =>
    given(...organization({ grace: 'ADMIN', bob: 'GUEST' }), on(roleChangedEvent('grace', 'ADMIN', 'MEMBER')))
      .when(changeRole('bob', 'MEMBER', { by: user('grace') }))
      .thenRejected('FORBIDDEN'));
});

describe('removing a member', () => {
  test('records the role of the member', () =>
    given(...organization({ grace: 'AUDITOR' }))
      .when(remove('grace'))
      .thenEvents(removedEvent('grace', 'AUDITOR')));
  test('changes nothing when it is repeated', () =>
    given(...organization({ grace: 'GUEST' }), on(removedEvent('grace', 'GUEST')))
      .when(remove('grace'))
      .thenNothing());
  test('is refused for a person who never was a member', () =>
    given(...organization())
      .when(remove('grace'))
      .thenRejected('NOT_FOUND'));
  test('ends what the member may do', () =>
    given(...organization({ grace: 'ADMIN', bob: 'GUEST' }), on(removedEvent('grace', 'ADMIN')))
      .when(remove('bob', { by: user('grace') }))
      .thenRejected('ORGANIZATION_NOT_FOUND'));
  test('who joined again removes them again', () => {
    const back = [
      ...organization({ grace: 'GUEST' }),
      on(removedEvent('grace', 'GUEST')),
      on(invitedEvent('inv_2')),
      on(joinedEvent('grace', 'MEMBER', 'inv_2')),
    ];
    given(...back)
      .when(remove('grace'))
      .thenEvents(removedEvent('grace', 'MEMBER'));
    given(...back, on(removedEvent('grace', 'MEMBER')))
      .when(accept('grace', 'inv_2'))
      .thenRejected('NOT_FOUND');
  });
});

describe('the last OWNER', () => {
  test.each([
    ['cannot be made something else', changeRole('ada', 'ADMIN')],
    ['cannot be removed', remove('ada')],
    ['cannot be made something else by the system', changeRole('ada', 'GUEST', { by: system })],
    ['cannot be removed by the system', remove('ada', { by: system })],
  ])('%s', (_, command) =>
    given(...organization({ grace: 'ADMIN' }))
      .when(command)
      .thenRejected('LAST_OWNER'),
  );

  test('may keep the role', () =>
    given(...organization())
      .when(changeRole('ada', 'OWNER'))
      .thenNothing());
  test('is not the last while there is another', () => {
    const two = organization({ grace: 'OWNER' });
    given(...two)
      .when(changeRole('ada', 'ADMIN'))
      .thenEvents(roleChangedEvent('ada', 'OWNER', 'ADMIN'));
    given(...two)
      .when(remove('grace'))
      .thenEvents(removedEvent('grace', 'OWNER'));
  });
  test.each([
    ['removed', removedEvent('grace', 'OWNER')],
    ['made something else', roleChangedEvent('grace', 'OWNER', 'ADMIN')],
  ])('is the last again once the other one was %s', (_, event) =>
    given(...organization({ grace: 'OWNER' }), on(event))
      .when(remove('ada'))
      .thenRejected('LAST_OWNER'),
  );
  test('is the last one who can sign in, and can remove OWNERs who cannot', () => {
    const two = organization({ grace: 'OWNER' });
    const deactivated = ['grace'];
    given(...two)
      .when(remove('ada', { deactivated }))
      .thenRejected('LAST_OWNER');
    given(...two)
      .when(changeRole('ada', 'ADMIN', { deactivated }))
      .thenRejected('LAST_OWNER');
    given(...two)
      .when(remove('grace', { deactivated }))
      .thenEvents(removedEvent('grace', 'OWNER'));
    given(...organization({ grace: 'OWNER', bob: 'OWNER' }))
      .when(remove('ada', { deactivated }))
      .thenEvents(removedEvent('ada', 'OWNER'));
  });
});
