import type { EventIds, Stamped } from '../../src/domain/decider.ts';

/** The ids of events that a test does not look at: `evt_0`, `evt_1`, … */
export const testEventIds: EventIds = (index) => `evt_${index}`;

/** The ids of the next decision's events, so that the first change that a history announces is `evt_1`, the second `evt_2`. */
export const eventIdsAfter = (history: readonly Stamped<unknown>[]): EventIds => {
  const texts = history.map(({ event }) => JSON.stringify(event));
  const announced = texts.filter((text) => text.includes('"eventId":"') && !text.includes('ScheduledChangeCancelled'));
  const next = announced.length + 1;
  return (index) => `evt_${next + index}`;
};
