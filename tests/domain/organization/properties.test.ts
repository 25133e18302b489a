import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold, isRejection, type Stamped, stamp } from '../../../src/domain/decider.ts';
import type { Acting, OrganizationCommand } from '../../../src/domain/organization/commands.ts';
import { organizationDecider } from '../../../src/domain/organization/decider.ts';
import type { OrganizationEvent, Role } from '../../../src/domain/organization/events.ts';
import { fromMs, toMs } from '../../../src/domain/time.ts';
import { testEventIds } from '../../support/event-ids.ts';
import { sized } from '../../support/size.ts';
import { close, noon } from './examples.ts';

import { begin, role, steps } from './random-commands.ts';

const { decide, evolve, initial } = organizationDecider;

type Happened = {
  readonly command: OrganizationCommand;
  readonly before: Stamped<OrganizationEvent>[];
  readonly events: readonly OrganizationEvent[];
};

const seen = new Set<string>();

const always = (
  check: (
    founder: string | null,
    happened: readonly Happened[],
    history: readonly Stamped<OrganizationEvent>[],
  ) => void,
  which: { readonly numRuns: number; readonly seed?: number } = { numRuns: sized(4000) },
) =>
  fc.assert(
    fc.property(
      fc.constantFrom('ada', 'ada', 'ada', null),
      fc.tuple(role, role, role),
      steps,
      (founder, roles, script) => {
        const history: Stamped<OrganizationEvent>[] = [];
        const happened: Happened[] = [];
        let state = initial();
        let ms = toMs(noon);
        for (const step of [...begin(founder, roles), ...script]) {
          ms += step.afterMs;
          const sent = { by: step.by, at: fromMs(ms) };
          const command = step.closes === 0 ? close(sent) : step.ask(sent);
          const decision = decide(command, state, testEventIds);
          if (isRejection(decision)) seen.add(decision.rejected);
          if (isRejection(decision)) continue;
          for (const { type } of decision) seen.add(type);
          happened.push({ command, before: [...history], events: decision });
          for (const event of decision) {
            const stamped = stamp(event, sent.at);
            history.push(stamped);
            state = evolve(state, event, stamped.at);
          }
        }
        expect(fold(organizationDecider, history)).toEqual(state);
        check(founder, happened, history);
      },
    ),
    which,
  );

/** Who is what after some events, told apart from the implementation: by the events' own words alone. */
const membersAfter = (history: readonly Stamped<OrganizationEvent>[]): ReadonlyMap<string, Role> => {
  const members = new Map<string, Role>();
  for (const { event } of history) {
    if (event.type === 'MemberJoined') members.set(event.data.userId, event.data.role);
    if (event.type === 'MemberRoleChanged') members.set(event.data.userId, event.data.to);
    if (event.type === 'MemberRemoved') members.delete(event.data.userId);
  }
  return members;
};

describe('whatever is asked of an organization', () => {
  test('it keeps an OWNER from its first one on', () =>
    always((_, __, history) => {
      let hadOwner = false;
      for (let length = 1; length <= history.length; length++) {
        const hasOwner = [...membersAfter(history.slice(0, length)).values()].includes('OWNER');
        expect(hasOwner || !hadOwner).toBe(true);
        hadOwner ||= hasOwner;
      }
    }));

  test('only an OWNER or the system makes an OWNER, or unmakes one', () =>
    always((founder, happened) => {
      const makers = new Map<string, Acting>();
      for (const { command, before, events } of happened) {
        for (const event of events) {
          if (event.type === 'MemberInvited' && event.data.role === 'OWNER')
            makers.set(event.data.invitationId, command.by);
          const touchesOwner =
            (event.type === 'MemberRoleChanged' && [event.data.from, event.data.to].includes('OWNER')) ||
            (event.type === 'MemberRemoved' && event.data.role === 'OWNER') ||
            (event.type === 'MemberInvited' && event.data.role === 'OWNER');
          const { by: actor } = command;
          if (touchesOwner)
            expect(
              actor.type === 'SYSTEM' || (actor.type === 'USER' && membersAfter(before).get(actor.userId) === 'OWNER'),
            ).toBe(true);
          if (event.type === 'MemberJoined' && event.data.role === 'OWNER')
            expect(
              event.data.invitationId === null ? event.data.userId === founder : makers.has(event.data.invitationId),
            ).toBe(true);
        }
      }
    }));

  test('it never has more members or projects than the limit that was given, when one is added', () =>
    always((_, happened) => {
      for (const { command, before, events } of happened) {
        if (!('limits' in command.data)) continue;
        const after = [...before, ...events.map((event) => stamp(event, command.at))];
        const open = new Set<string>();
        for (const { event } of after) {
          if (event.type === 'ProjectCreated' || event.type === 'ProjectRestored') open.add(event.data.projectId);
          if (event.type === 'ProjectArchived') open.delete(event.data.projectId);
        }
        const { members, projects } = command.data.limits;
        if (events.some(({ type }) => type === 'MemberJoined'))
          expect(membersAfter(after).size).toBeLessThanOrEqual(members ?? Infinity);
        if (events.some(({ type }) => type.startsWith('Project')))
          expect(open.size).toBeLessThanOrEqual(projects ?? Infinity);
      }
    }));

  test('nothing follows its closing', () =>
    always((_, __, history) => {
      const closed = history.findIndex(({ event }) => event.type === 'OrganizationClosed');
      expect([-1, history.length - 1]).toContain(closed);
    }));

  test('a command that was accepted changes nothing when it is repeated at once, as long as its sender still may', () =>
    always((_, happened) => {
      for (const { command, before, events } of happened) {
        const after = fold(organizationDecider, [...before, ...events.map((event) => stamp(event, command.at))]);
        const again = decide(command, after, testEventIds);
        expect(isRejection(again) ? ['FORBIDDEN', 'ORGANIZATION_NOT_FOUND'].includes(again.rejected) : again).toEqual(
          isRejection(again) ? true : [],
        );
      }
    }));

  test('and all of it was asked: every event happened, every refusal of a rule was met', () => {
    const events = ['MemberInvited', 'InvitationWithdrawn', 'MemberJoined', 'MemberRoleChanged', 'MemberRemoved'];
    const others = ['ApiKeyRevoked', 'ApiKeyScopesChanged', 'ProjectArchived', 'ProjectRestored', 'OrganizationClosed'];
    const refusals = ['LAST_OWNER', 'FORBIDDEN', 'ALREADY_MEMBER', 'USER_LIMIT_EXCEEDED', 'PROJECT_LIMIT_EXCEEDED'];
    seen.clear();
    // With a seed of its own: whether the rarest of them happens must not be left to chance.
    always(() => {}, { numRuns: 400, seed: 1 });
    expect([...seen]).toEqual(expect.arrayContaining([...events, ...others, ...refusals]));
  });
});
