import type { Json, JsonObject, Recorded } from '../../eventstore/event-store.ts';
import { type Paint, printable } from '../output/colors.ts';

/**
 * Returns an event as an object for JSON. Fields with hashes of keys, devices and requests are left out: they only help
 * to guess what was hashed. Positions and revisions are texts, because they exceed the numbers of JSON.
 */
export const eventObject = ({ position, stream, revision, id, type, data, metadata }: Recorded): JsonObject => {
  const { recordedAt, effectiveAt, actor, reason, issuerOrgId, holderOrgId, commandId } = metadata;
  const who = { actor: actor ?? null, reason: reason ?? null };
  const where = { issuerOrgId: issuerOrgId ?? null, holderOrgId: holderOrgId ?? null };
  const when = { recordedAt: recordedAt ?? null, effectiveAt: effectiveAt ?? null };
  return {
    ...{ position: `${position.commit}`, stream, revision: `${revision}`, id, type },
    ...{ ...when, ...who, ...where, commandId: commandId ?? null, data: withoutHashes(data) },
  };
};

/** Returns an event as one line for people, cut to `widthMax` characters if possible: time, stream, type, actor, data. */
export const eventText = (
  { stream, revision, type, data, metadata }: Recorded,
  widthMax: number,
  paint: Paint,
): string => {
  const { recordedAt, actor } = metadata;
  const time = typeof recordedAt === 'string' ? recordedAt : '-';
  const head = [time, `${stream}@${revision}`, type, actorText(actor)].map(printable);
  const left = Math.max(dataWidthMin, widthMax - head.join(' ').length - 1);
  const whole = printable(dataText(withoutHashes(data)));
  const short = whole.length <= left ? whole : `${whole.slice(0, left - 1)}…`;
  const [timeText = '', place = '', typeText = '', who = ''] = head;
  return [paint('dim', timeText), place, paint('cyan', typeText), who, paint('dim', short)].join(' ').trimEnd();
};

// On a narrow terminal the line wraps instead of losing its data.
const dataWidthMin = 40;

const actorText = (actor: Json | undefined): string => {
  if (!isObject(actor)) return '-';
  const behalf = typeof actor.onBehalfOf === 'string' ? ` for ${actor.onBehalfOf}` : '';
  return `${String(actor.type)}:${String(actor.id)}${behalf}`;
};

const dataText = (data: JsonObject): string =>
  Object.entries(data)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');

const withoutHashes = (data: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(data)
      .filter(([name]) => !/hash(es)?$/i.test(name))
      .map(([name, value]) => [name, shownValue(value)]),
  );

const shownValue = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(shownValue);
  return isObject(value) ? withoutHashes(value) : value;
};

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
